/// <reference lib="dom" />
/** Takes the pictures of the app for the documentation: `deno task demo:pictures`. */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { openPage } from "../browser/chromium.ts";
import { DemoApp } from "./demo_app.ts";

const FOLDER = fileURLToPath(new URL("../../docs/pictures/", import.meta.url));

async function ready(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByRole("table", { name: "Products with the module" }).getByRole("textbox").first().waitFor();
}

async function edit(page: Page, place: number, price: string): Promise<void> {
  const list = page.getByRole("table", { name: "Products with the module" });
  const cell = list.locator(`[aria-rowindex="${place}"] [data-column="price"]`);
  await cell.fill(price);
  await cell.press("Enter");
}

async function takeWide(page: Page, url: string): Promise<void> {
  await page.setViewportSize({ width: 1100, height: 640 });
  await ready(page, url);
  await page.getByRole("table", { name: "Products without the module" }).getByText("Barley").first().waitFor();
  const latency = page.getByRole("slider", { name: "Latency" });
  await latency.fill("3000");
  await edit(page, 3, "12.5");
  await edit(page, 5, "7.25");
  await page.getByText("2 not saved yet").waitFor();
  await page.screenshot({ path: `${FOLDER}app.png` });
  await latency.fill("0");
  await page.getByText("All changes are saved").waitFor();
}

async function takePhone(page: Page, url: string): Promise<void> {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 740 });
  await ready(page, url);
  await page.getByRole("switch", { name: "Offline" }).check();
  await edit(page, 2, "3.9");
  await page.getByText("1 not saved yet").waitFor();
  await page.getByRole("heading", { name: "With the module" }).evaluate((heading) => heading.scrollIntoView());
  await page.getByText("reads served from the cache").waitFor();
  await page.screenshot({ path: `${FOLDER}app-phone.png` });
}

await using app = await DemoApp.start();
await openPage((page) => takeWide(page, app.url));
await openPage((page) => takePhone(page, app.url));
