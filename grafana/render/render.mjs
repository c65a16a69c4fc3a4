// Draw dashboards in headless Chromium: a PNG of each, one of its first screen, and a report:
//   node render.mjs --prometheus URL --vigie URL --record FILE --out DIR [--from now-5m]
//     [--to now] [--var target=SLUG] [--widths 1280,1920] [--themes light,dark] [NAME…]
// FILE has the columns that PostgreSQL answered to each query of SQL: {SQL: [{name, type, values}]}.
// The names are those of grafana/dashboards, such as communs/vue-ensemble; none is all of them.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './build.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const DASHBOARDS = path.join(HERE, '..', 'dashboards');
const ICONS = path.join(HERE, 'node_modules/@grafana/ui/dist/public/img');
const ROW_PX = 38; // of Grafana's grid: 30, and 8 between two
const ABOVE_PX = 120; // the title and the variables
const SCREEN_PX = 600; // of the picture for the documents: what is seen first, in 150 kB
const PATIENCE_MS = 60_000;
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };
TYPES['.svg'] = 'image/svg+xml';
const PAGE = `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/app.css">
<style>body{margin:0}</style><div id="root"></div><script>
window.__grafana_public_path__ = '/public/';
window.grafanaBootData = {
  settings: { featureToggles: {}, panels: {}, datasources: {}, apps: {}, bootData: {},
              buildInfo: { version: '13.2.3', env: 'production', edition: 'oss' } },
  user: { timezone: 'Europe/Paris', locale: 'fr-FR', language: 'fr-FR' }, navTree: [] };
</script><script src="/app.js"></script>`;

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prometheus: { type: 'string' },
    vigie: { type: 'string' },
    record: { type: 'string' },
    out: { type: 'string' },
    from: { type: 'string', default: 'now-5m' },
    to: { type: 'string', default: 'now' },
    var: { type: 'string', multiple: true, default: [] },
    widths: { type: 'string', default: '1280' },
    themes: { type: 'string', default: 'light' },
    chromium: { type: 'string', default: 'chromium' },
  },
});

async function proxy(base, rest, response) {
  const answer = await fetch(new URL(rest, base));
  response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') ?? '' });
  response.end(Buffer.from(await answer.arrayBuffer()));
}

function file(folder, name, response) {
  const found = path.join(folder, path.normalize(`/${name}`));
  if (!fs.existsSync(found)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': TYPES[path.extname(found)] ?? '' });
  response.end(fs.readFileSync(found));
}

function serve(built) {
  const server = http.createServer((request, response) => {
    const { pathname, search } = new URL(request.url, 'http://localhost');
    const [, first, ...rest] = pathname.split('/');
    const after = rest.join('/');
    if (first === 'prometheus') {
      proxy(given.prometheus, `/${after}${search}`, response).catch(() => response.destroy());
    } else if (first === 'vigie') {
      proxy(given.vigie, `/${after}${search}`, response).catch(() => response.destroy());
    } else if (first === 'record.json') {
      file(path.dirname(given.record), path.basename(given.record), response);
    } else if (first === 'dashboards') {
      file(DASHBOARDS, after, response);
    } else if (first === 'public') {
      file(ICONS, after.replace(/^(build\/)?img\//, ''), response);
    } else if (first === '') {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE);
    } else {
      file(built, pathname, response);
    }
  });
  return new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(server)));
}

/** Chromium over a pipe: no port that others could reach, no client library. */
class Browser {
  #waiting = new Map();
  #next = 1;
  #rest = '';

  constructor(profile) {
    const flags = ['--headless=new', '--remote-debugging-pipe', `--user-data-dir=${profile}`];
    flags.push('--disable-gpu', '--hide-scrollbars', '--lang=fr-FR', '--accept-lang=fr-FR,fr', '--no-first-run');
    flags.push('--no-sandbox'); // root has none; all it opens is our own page, on the loopback
    const stdio = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'];
    this.process = spawn(given.chromium, flags, { stdio });
    this.process.on('error', (error) => {
      throw error;
    });
    this.process.stdio[4].setEncoding('utf8').on('data', (text) => this.#heard(text));
  }

  #heard(text) {
    const messages = (this.#rest + text).split('\0');
    this.#rest = messages.pop();
    for (const message of messages.map((one) => JSON.parse(one))) {
      const [resolve, reject] = this.#waiting.get(message.id) ?? [];
      this.#waiting.delete(message.id);
      (message.error ? reject : resolve)?.(message.error ?? message.result);
    }
  }

  ask(method, params = {}, sessionId = undefined) {
    const id = this.#next++;
    this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, [resolve, reject]));
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function picture(browser, port, name, theme, width) {
  const { targetId } = await browser.ask('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await browser.ask('Target.attachToTarget', { targetId, flatten: true });
  const ask = (method, params) => browser.ask(method, params, sessionId);
  const model = JSON.parse(fs.readFileSync(path.join(DASHBOARDS, `${name}.json`), 'utf8'));
  const rows = Math.max(...model.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const height = rows * ROW_PX + ABOVE_PX;
  const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
  await ask('Emulation.setDeviceMetricsOverride', metrics);
  await ask('Emulation.setTimezoneOverride', { timezoneId: 'Europe/Paris' });
  await ask('Emulation.setLocaleOverride', { locale: 'fr-FR' });
  const query = new URLSearchParams({ dashboard: name, theme, from: given.from, to: given.to });
  for (const pair of given.var) {
    const [variable, value] = pair.split('=');
    query.append(`var-${variable}`, value);
  }
  await ask('Page.navigate', { url: `http://127.0.0.1:${port}/?${query}` });
  const read = async () => {
    const expression = 'JSON.stringify(window.report?.() ?? {})';
    const { result } = await ask('Runtime.evaluate', { expression });
    return JSON.parse(result.value ?? '{}');
  };
  const end = Date.now() + PATIENCE_MS;
  while (!(await read()).done && Date.now() < end) {
    await pause(250);
  }
  await pause(1500); // fonts, curves, and what is measured before it is drawn
  const report = await read();
  const base = path.join(given.out, `${name.replace('/', '-')}-${theme}-${width}`);
  const save = async (suffix, shown) => {
    const clip = { x: 0, y: 0, width, height: shown, scale: 1 };
    const { data } = await ask('Page.captureScreenshot', { format: 'png', clip });
    fs.writeFileSync(`${base}${suffix}.png`, Buffer.from(data, 'base64'));
  };
  await save('', height);
  await save('-screen', Math.min(height, SCREEN_PX));
  fs.writeFileSync(`${base}.json`, JSON.stringify({ name, theme, width, ...report }, null, 1));
  await browser.ask('Target.closeTarget', { targetId });
  console.log(`${base}.png${report.done ? '' : ' (not all panels)'}`);
}

const every = fs
  .readdirSync(DASHBOARDS, { recursive: true })
  .filter((found) => found.endsWith('.json'))
  .map((found) => found.slice(0, -'.json'.length));
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'grafana-render-'));
fs.mkdirSync(given.out, { recursive: true });
await bundle(work);
const server = await serve(work);
const browser = new Browser(path.join(work, 'profile'));
try {
  for (const name of positionals.length ? positionals : every.sort()) {
    for (const theme of given.themes.split(',')) {
      for (const width of given.widths.split(',')) {
        await picture(browser, server.address().port, name, theme, Number(width));
      }
    }
  }
} finally {
  const gone = new Promise((done) => browser.process.once('exit', done));
  await browser.ask('Browser.close'); // else its children still write while their folder goes
  await gone;
  server.close();
  fs.rmSync(work, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
}
