/** The one style sheet of all reports: system fonts, two themes, small screens, print. */
export const STYLE = `
:root{color-scheme:light dark;
--bg:#fbfbf9;--card:#fff;--ink:#1c2024;--dim:#5d6670;--line:#dfe2e0;--pass:#1a7f4b;--fail:#b3261e;
--unknown:#8a6100;--c1:#0b62a8;--c2:#b3541e;--c3:#6b4fa0;--c4:#2f7d6d;--c5:#a0336e;--c6:#6f6a13;
--good:#1a7f4b;--bad:#b3261e;--band:#b3261e14;--quiet:#c3c9ce}
@media screen and (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1b1f23;--ink:#e8eaec;
--dim:#9aa4ad;--line:#333a41;--pass:#5fce94;--fail:#ff8a80;--unknown:#f0c15a;--c1:#6db7f2;
--c2:#f0a070;--c3:#b9a2e8;--c4:#74cfbb;--c5:#ea8fbf;--c6:#d3cb62;--good:#5fce94;--bad:#ff8a80;
--band:#ff8a801f;--quiet:#4a535c}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif;
font-variant-numeric:tabular-nums}
main{max-width:1040px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:18px;margin:36px 0 10px}
h3{font-size:15px;margin:18px 0 6px;font-weight:600}h4{font-size:14px;margin:14px 0 4px}
p{margin:6px 0;max-width:75ch;overflow-wrap:anywhere}ul{padding-left:20px;max-width:75ch}
.dim,.unit{color:var(--dim)}
nav{font-size:13px;margin:10px 0}nav a{display:inline-block;margin-right:14px;padding:2px 0}
.verdict{display:inline-block;font-weight:700;letter-spacing:.04em;padding:2px 12px;
border:2px solid;
border-radius:6px}.pass{color:var(--pass)}.fail{color:var(--fail)}.unknown{color:var(--unknown)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:8px 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 14px}
.card b{display:block;font-size:24px;line-height:1.25}
.card span{display:block;color:var(--dim);font-size:13px;line-height:1.4}
figure{margin:0 0 14px;background:var(--card);border:1px solid var(--line);border-radius:8px;
padding:10px 12px 4px}figcaption{font-size:13px}svg{display:block;width:100%;height:auto}
figure svg{min-width:720px}
.key{display:inline-block;margin-left:12px}.key::before{content:"";display:inline-block;width:10px;
height:10px;border-radius:2px;margin-right:5px;background:currentColor;print-color-adjust:exact}
.key.faint::before{height:3px;vertical-align:middle}.key.over{color:var(--bad)}
path{fill:none;stroke:currentColor;stroke-width:1.6}path.faint{stroke-width:1;stroke-opacity:.65}
.area{fill:currentColor;fill-opacity:.28;stroke-width:1}
.stack{fill:currentColor;stroke:var(--card);stroke-width:.6}.over{stroke-width:4}
.grid{stroke:var(--line);stroke-width:1}.limit{stroke:var(--dim);stroke-dasharray:5 4;
stroke-width:1}.mark{stroke:var(--dim);stroke-width:1;stroke-dasharray:2 3}
.happened{stroke:var(--ink);stroke-width:1.4}.censored{stroke-width:1.4}
.bar{fill:currentColor;fill-opacity:.8}.beyond{fill:currentColor;stroke:none}
.dot{fill:currentColor;fill-opacity:.65}
.falllabel{fill:var(--ink);font-size:12.5px}.rowlabel{fill:var(--ink)}
.band{fill:var(--band)}text{fill:var(--dim);font-size:11px;font-family:system-ui,sans-serif}
.marklabel{fill:var(--ink);font-size:10.5px}
.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}.c4{color:var(--c4)}.c5{color:var(--c5)}
.c6{color:var(--c6)}.good{color:var(--good)}.bad{color:var(--bad)}.other{color:var(--dim)}
.quiet{color:var(--quiet)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:5px 14px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
th,td{min-width:4.5em}td:last-child{padding-right:0}
thead th{color:var(--dim);font-weight:500}tbody th{font-weight:500}.whole{white-space:nowrap}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
details{margin:10px 0}summary{cursor:pointer;font-weight:600}details details,td details{margin:0}
td summary{font-weight:500}td details code{display:block;min-width:22em}
@media (max-width:700px){th,td{min-width:8.5em}}
code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}a{color:var(--c1)}
:focus-visible{outline:2px solid var(--c1);outline-offset:2px}
@media print{@page{margin:14mm}body{background:#fff;font-size:12px}main{max-width:none;padding:0}
nav{display:none}details::details-content{display:block;content-visibility:visible;height:auto}
.scroll{overflow:visible}table,.card span{font-size:11px}figure svg,th,td{min-width:0}
code{font-size:10px}td details code{min-width:14em}td{overflow-wrap:anywhere}
.cards{grid-template-columns:repeat(auto-fit,minmax(120px,1fr))}.card b{font-size:19px}
h2,h3,summary{break-after:avoid}figure,tr,.card{break-inside:avoid}.whole{white-space:normal}}
`;
