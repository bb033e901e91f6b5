// A report in a real browser: it asks for nothing, says nothing, and anyone can read it.
import axe, { type AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "./chromium.ts";

export interface ReportSeen {
  /** What stood on the page's console, with uncaught errors. */
  readonly said: readonly string[];
  /** What was asked for beside the file itself. */
  readonly asked: readonly string[];
  /** What axe-core finds, each with the first elements that it is about. */
  readonly violations: readonly string[];
}

/** Opens the file light and dark, with all that folds opened; `look` sees it first. */
export async function seeReport(
  file: string,
  of: { readonly look?: (page: Page) => Promise<void>; readonly browser?: Browser } = {},
): Promise<ReportSeen> {
  const browser = of.browser ?? (await launchChromium());
  try {
    const look = of.look ?? (async () => {});
    const light = await seeIn(browser, { file, theme: "light", look });
    const dark = await seeIn(browser, { file, theme: "dark", look });
    return {
      said: [...light.said, ...dark.said],
      asked: [...light.asked, ...dark.asked],
      violations: [...light.violations, ...dark.violations],
    };
  } finally {
    if (!of.browser) await browser.close();
  }
}

async function seeIn(
  browser: Browser,
  of: {
    readonly file: string;
    readonly theme: "light" | "dark";
    readonly look: (page: Page) => Promise<void>;
  },
): Promise<ReportSeen> {
  const page = await browser.newPage({ colorScheme: of.theme });
  const said: string[] = [];
  const asked: string[] = [];
  const own = `file://${of.file}`;
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("request", (request) => {
    if (request.url() !== own) asked.push(request.url());
  });
  await page.goto(own);
  await of.look(page);
  await page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))");
  await page.evaluate(axe.source);
  const found = await page.evaluate<AxeResults>("axe.run()");
  await page.close();
  return {
    said,
    asked,
    violations: found.violations.map(
      ({ id, help, nodes }) =>
        `${of.theme}: ${id}: ${help}: ${nodes
          .slice(0, 3)
          .map((node) => `${node.html.slice(0, 200)} ${node.failureSummary ?? ""}`)
          .join(" | ")} (${nodes.length})`,
    ),
  };
}

const FOCUSABLE = 'a[href], summary, [tabindex="0"]';

/** A page of its own with the file in it. */
export async function opened(
  browser: Browser,
  file: string,
  of: {
    readonly widthPx?: number;
    readonly media?: "print" | "screen";
    readonly theme?: "light" | "dark";
  } = {},
): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width: of.widthPx ?? 1_280, height: 800 },
    colorScheme: of.theme ?? "light",
  });
  await page.emulateMedia({ media: of.media ?? "screen" });
  await page.goto(`file://${file}`);
  return page;
}

/**
 * What the Tab key reaches, step by step, as the place of each in the document; -1: something that
 * is not to be reached, or that does not show that it is.
 */
export async function tabbed(
  page: Page,
): Promise<{ readonly reached: readonly number[]; readonly inAll: number }> {
  const all = `[...document.querySelectorAll(${JSON.stringify(FOCUSABLE)})].filter((one) => one.checkVisibility())`;
  const inAll = (await page.evaluate(`${all}.length`)) as number;
  const reached: number[] = [];
  for (let nth = 0; nth < inAll; nth += 1) {
    await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate<number>(`(() => {
        const one = document.activeElement;
        return getComputedStyle(one).outlineStyle === "none" ? -1 : ${all}.indexOf(one);
      })()`),
    );
  }
  return { reached, inAll };
}

/** Milliseconds of its main thread's own time until a page of that file can be used. */
export async function loadMs(browser: Browser, file: string): Promise<number> {
  const page = await browser.newPage();
  const cdp = await page.context().newCDPSession(page);
  // Of the thread, not of the wall: neighbours on this machine are not the report's doing.
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.goto(`file://${file}`);
  const summary = page.locator("summary").first();
  await summary.click();
  const { metrics } = await cdp.send("Performance.getMetrics");
  await page.close();
  return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Infinity) * 1_000;
}
