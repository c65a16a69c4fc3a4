// Bundle the page that draws a dashboard: app.jsx and Grafana's packages, into one script.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Write `app.js` and `app.css` into `folder`. */
export async function bundle(folder) {
  await build({
    absWorkingDir: here,
    entryPoints: ['app.jsx'],
    outfile: path.join(folder, 'app.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    mainFields: ['browser', 'module', 'main'],
    jsx: 'automatic',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    // Grafana's packages name the router by its next name, which is not among their dependencies.
    alias: { 'react-router-dom-v5-compat': 'react-router-dom' },
    loader: { '.svg': 'dataurl', '.png': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl', '.ttf': 'dataurl' },
  });
}
