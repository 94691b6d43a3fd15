// Opens the pages of the official web UI against our server and fails on what they show to be broken.
//
//     node tests/browser/run.mjs --binary target/debug/longhaul --ui .tools/server --chromium /usr/bin/chromium
//
// A page fails if it logs an error, if a request of it is answered with 400 or more, or if its marker does not appear.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { PAGES } from "./pages.mjs";

const WAIT_MS = 30_000;
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

const argument = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};

async function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// Resolves when the address answers.
async function answers(url) {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    try {
      const answer = await fetch(url);
      if (answer.ok) return answer;
    } catch {
      // Nobody listens yet.
    }
    if (Date.now() > deadline) throw new Error(`${url} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// What the guide says to write into the configuration of the UI, with the ports of this run.
function configuration(grpc, ui) {
  const guide = readFileSync(new URL("../../docs/guide/web-ui.md", import.meta.url), "utf8");
  const block = guide.split("```yaml\n")[1].split("```")[0];
  return block.replace(/7233|8233/g, (port) => String(port === "7233" ? grpc : ui));
}

// Things to look at, made over the HTTP API.
async function prepare(http) {
  const post = async (path, body) => {
    const answer = await fetch(`${http}/api/v1/namespaces/default/${path}`, {
      method: "POST", body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const start = { workflowType: { name: "order" }, taskQueue: { name: "orders" }, input: [{ amount: 5 }] };
  const running = await post("workflows/running", start);
  const closed = await post("workflows/closed", start);
  await post("workflows/running/signal/paid", { input: ["card"] });
  await post("workflows/closed/terminate", { reason: "enough" });
  return { running: running.runId, closed: closed.runId };
}

async function visit(browser, base, { name, path, marker, allowed = [] }, runs) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1300 } });
  const problems = [];
  const isAllowed = (text) => allowed.some((pattern) => pattern.test(text));
  page.on("console", (message) => {
    // The browser repeats each failing request as a message without its address; requests are judged below.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      if (!isAllowed(message.text())) problems.push(`console: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  page.on("response", (answer) => {
    const told = `${answer.status()} ${answer.request().method()} ${new URL(answer.url()).pathname}`;
    if (answer.status() >= 400 && !isAllowed(told)) problems.push(told);
  });
  try {
    await page.goto(base + path.replace("{running}", runs.running).replace("{closed}", runs.closed));
    await page.getByText(marker).filter({ visible: true }).first().waitFor({ timeout: WAIT_MS });
    // Long polls never end; whatever else a page asks for has been answered when it is quiet for half a second.
    await page.waitForLoadState("networkidle", { timeout: 5_000 }).catch(() => {});
  } catch (error) {
    problems.push(error.message.split("\n")[0]);
  }
  const shots = argument("shots");
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
  await page.close();
  return [...new Set(problems)];
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-browser-"));
  const [grpc, http, metrics, ui] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const children = [];
  let browser;
  try {
    const ours = ["start-dev", "--headless", "--in-memory", "--port", grpc, "--http-port", http, "--metrics-port", metrics];
    children.push(spawn(argument("binary"), ours.map(String), { stdio: "ignore" }));
    await answers(`http://127.0.0.1:${http}/readyz`);
    mkdirSync(join(folder, "ui"));
    writeFileSync(join(folder, "ui/dev.yaml"), configuration(grpc, ui));
    const told = ["--root", folder, "--config", "ui", "--env", "dev", "start"];
    children.push(spawn(argument("ui"), told, { stdio: "ignore", env: { ...process.env, HOME: folder } }));
    const base = `http://127.0.0.1:${ui}`;
    await answers(`${base}/healthz`);
    const runs = await prepare(`http://127.0.0.1:${http}`);
    browser = await chromium.launch({ executablePath: argument("chromium", "/usr/bin/chromium"), args: FLAGS });
    let [passed, failed] = [0, 0];
    const only = argument("only", "");
    for (const page of PAGES.filter(({ name }) => name.includes(only))) {
      const problems = await visit(browser, base, page, runs);
      if (problems.length === 0) {
        passed += 1;
        console.log(`ok ${page.name}`);
      } else {
        failed += 1;
        console.log(`FAILED ${page.name}\n    ${problems.join("\n    ")}`);
      }
    }
    console.log(`${passed} passed, ${failed} failed`);
    process.exitCode = failed > 0 ? 1 : 0;
  } finally {
    await browser?.close();
    children.forEach((child) => child.kill());
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
