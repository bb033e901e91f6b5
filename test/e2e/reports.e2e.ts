// The HTML reports of records that are there, in a real browser.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { judge } from "../../src/kernel/judge.ts";
import { measure } from "../../src/measure/measure.ts";
import type { RunRecord } from "../../src/model/record.ts";
import type { SuiteRecord } from "../../src/model/suite.ts";
import { readRecord } from "../../src/store/read-record.ts";
import { longRecord } from "../property/measure-long-made.ts";
import { richRecord } from "../property/measure-rich-made.ts";
import { restartsRecord, staleRecord } from "../property/measure-reasons-made.ts";
import { launchChromium } from "../support/chromium.ts";
import { GROUPS, MANY } from "../support/many-runs.ts";
import { ROOT } from "../support/ninety.ts";
import { loadMs, opened, seeReport, tabbed } from "../support/report-page.ts";

const { checks, reporters } = await loadPlugins();
const html = byName("reporter", reporters)("html");
const folder = mkdtempSync(join(tmpdir(), "ninety-reports-"));
const browser = await launchChromium();
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

function written(name: string, text: string): string {
  const file = join(folder, `${name}.html`);
  writeFileSync(file, text);
  return file;
}

function reportOf(record: RunRecord): string {
  const measurement = measure(record);
  const verdict = judge(measurement, record.plan, byName("check", checks));
  return html.render({ record, measurement, verdict, folder: "reports/runs/made" });
}

const NOTHING = { said: [], asked: [], violations: [] };
const small = await readRecord(join(ROOT, "test/golden/records/small"));
const records: Readonly<Record<string, RunRecord>> = {
  small,
  rich: richRecord(),
  "stale connections": staleRecord(),
  restarts: restartsRecord(),
  "without steady phase": { ...small, events: small.events.slice(0, 5) },
};

for (const [name, record] of Object.entries(records)) {
  test(`${name}: no message, no request, nothing that axe-core finds, light and dark`, async () => {
    const file = written(name.replaceAll(/\W/g, "-"), reportOf(record));
    expect(await seeReport(file, { browser })).toEqual(NOTHING);
  });
}

const suiteText = readFileSync(join(ROOT, "test/golden/suites/small.json"), "utf8");
const suite = JSON.parse(suiteText) as SuiteRecord;
const pages: Readonly<Record<string, string>> = {
  "a run": reportOf(records["rich"]!),
  "a suite": html.suite?.({ suite, folder: "reports/runs/small" }) ?? "",
  "a comparison": html.many?.(MANY.comparison, GROUPS) ?? "",
  "a gate": html.many?.(MANY.gate, GROUPS) ?? "",
};

for (const [name, text] of Object.entries(pages).slice(1)) {
  test(`${name}: the same`, async () => {
    const file = written(name.replaceAll(" ", "-"), text);
    expect(await seeReport(file, { browser })).toEqual(NOTHING);
  });
}

for (const [name, text] of Object.entries(pages)) {
  test(`${name}: on a small screen the page is as wide as the screen`, async () => {
    const page = await opened(browser, written("narrow", text), { widthPx: 375 });
    await page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))");
    expect(await page.locator("figure svg").count()).toBeGreaterThan(0);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(375);
    await page.close();
  });

  test(`${name}: by keyboard all there is to follow or open is reached, and shows it`, async () => {
    const page = await opened(browser, written("keys", text));
    const { reached, inAll } = await tabbed(page);
    expect(inAll).toBeGreaterThan(5);
    expect(reached).toEqual(Array.from({ length: inAll }, (_, nth) => nth));
    await page.close();
  });
}

test("the picture shows in a page that allows pictures and nothing else", async () => {
  const picture = byName("reporter", reporters)("svg");
  const record = richRecord();
  const measurement = measure(record);
  const verdict = judge(measurement, record.plan, byName("check", checks));
  const text = picture.render({ record, measurement, verdict, folder: "reports/runs/made" });
  writeFileSync(join(folder, "report.svg"), text);
  const policy = "default-src 'none'; img-src file:";
  const file = written(
    "picture",
    `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}">` +
      '<img src="report.svg" alt="">',
  );
  const page = await opened(browser, file);
  expect(
    await page.evaluate("document.images[0].complete && document.images[0].naturalWidth"),
  ).toBe(1_000);
  // An empty one of that size is a tenth of this.
  const shot = await page.locator("img").screenshot();
  expect(shot.byteLength).toBeGreaterThan(30_000);
  await page.close();
});

// A4 without its margins.
const PAPER = { media: "print", theme: "dark", widthPx: 688 } as const;

for (const [name, text] of Object.entries(pages)) {
  test(`${name}: on paper all is there that is folded on a screen, in black on white`, async () => {
    const page = await opened(browser, written("paper", text), PAPER);
    const hidden = `[...document.querySelectorAll("details *")].filter(
      (one) =>
        !one.checkVisibility({ contentVisibilityAuto: true }) ||
        one.getBoundingClientRect().height === 0,
    ).filter((one) => one.closest("svg") === null && !one.matches(".unseen, br")).length`;
    expect(await page.evaluate(hidden)).toBe(0);
    expect(await page.evaluate("getComputedStyle(document.body).color")).toBe("rgb(28, 32, 36)");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(688);
    await page.close();
  });
}

test("what is folded opens with the Enter key", async () => {
  const page = await opened(browser, written("folded", pages["a run"]!));
  expect(await page.locator("details").count()).toBeGreaterThan(9);
  const first = page.locator("details").first();
  await first.locator("summary").focus();
  await page.keyboard.press("Enter");
  expect(await first.getAttribute("open")).toBe("");
  await page.close();
});

test("15 minutes at 50 requests a second can be used after less than a second's work", async () => {
  const file = written("long", reportOf(longRecord()));
  expect(await loadMs(browser, file)).toBeLessThan(1_000);
});

test("what there is to find is found: no language, a picture without words that is asked for", async () => {
  const text = reportOf(small)
    .replace('<html lang="en">', "<html>")
    .replace("<h1>", '<img src="none.png"><h1>');
  const { said, asked, violations } = await seeReport(written("spoiled", text), { browser });
  expect(violations.some((one) => one.includes("html-has-lang"))).toBe(true);
  expect(violations.some((one) => one.includes("image-alt"))).toBe(true);
  expect(asked).toHaveLength(2);
  // The page's own policy forbids it, and the browser says so.
  expect(said.join()).toContain("Content Security Policy");
});
