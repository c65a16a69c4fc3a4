// A data source of Prometheus, as Grafana's answers: frames of series, or a table a query.
import { FieldType, LoadingState, createDataFrame } from '@grafana/data';
import { RuntimeDataSource, sceneGraph } from '@grafana/scenes';
import { from } from 'rxjs';

const SCRAPE_S = 1; // the pace of the Prometheus of the demo

async function answer(path, parameters) {
  const response = await fetch(`/prometheus/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const body = await response.json();
  if (body.status !== 'success') {
    throw new Error(body.error);
  }
  return body.data;
}

/** Return the values of `label_values(selector, label)`; `$job` and `$point` are any. */
export async function labelValues(query) {
  const [, selector, label] = /^label_values\((.*), *(\w+)\)$/.exec(query);
  return answer(`label/${label}/values`, { 'match[]': selector.replaceAll(/\$(?:job|point)/g, '.+') });
}

function legend(format, labels) {
  const every = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return format
    ? format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '')
    : `{${every.join(', ')}}`;
}

function series(target, result, stepMs) {
  return result.map(({ metric, values, value }) => {
    const samples = values ?? [value];
    const name = legend(target.legendFormat, metric);
    return createDataFrame({
      refId: target.refId,
      name,
      fields: [
        {
          name: 'Time',
          type: FieldType.time,
          values: samples.map(([time]) => time * 1000),
          config: { interval: stepMs },
        },
        {
          name: 'Value',
          type: FieldType.number,
          labels: metric,
          // Grafana draws NaN, of a quantile of nothing, as it draws null.
          values: samples.map(([, text]) => (text === 'NaN' ? null : Number(text))),
          config: { displayNameFromDS: name },
        },
      ],
    });
  });
}

function table(target, result, several) {
  if (result.length === 0) {
    return [];
  }
  const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return [
    createDataFrame({
      refId: target.refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: result.map(({ value }) => value[0] * 1000) },
        ...labels.map((label) => ({
          name: label,
          type: FieldType.string,
          values: result.map(({ metric }) => metric[label] ?? ''),
        })),
        {
          name: several ? `Value #${target.refId}` : 'Value',
          type: FieldType.number,
          values: result.map(({ value }) => Number(value[1])),
        },
      ],
    }),
  ];
}

function regex(value) {
  const escaped = [value].flat().map((one) => String(one).replace(/[\\^$.*+?()[\]{}|]/g, '\\\\$&'));
  return escaped.length === 1 ? escaped[0] : `(${escaped.join('|')})`;
}

export class Prometheus extends RuntimeDataSource {
  query(request) {
    const end = Math.floor(request.range.to.valueOf() / 1000);
    const start = Math.floor(request.range.from.valueOf() / 1000);
    const step = Math.max(SCRAPE_S, Math.ceil(request.intervalMs / 1000));
    const words = {
      __rate_interval: `${Math.max(step + SCRAPE_S, 4 * SCRAPE_S)}s`,
      __interval: `${step}s`,
      __range: `${end - start}s`,
    };
    const scopedVars = { ...request.scopedVars };
    for (const [name, text] of Object.entries(words)) {
      scopedVars[name] = { text, value: text };
    }
    const scene = request.scopedVars.__sceneObject.valueOf();
    const one = async (target) => {
      const query = sceneGraph.interpolate(scene, target.expr, scopedVars, regex);
      if (target.instant) {
        const { result } = await answer('query', { query, time: end });
        return target.format === 'table'
          ? table(target, result, request.targets.length > 1)
          : series(target, result, step * 1000);
      }
      const { result } = await answer('query_range', { query, start, end, step });
      return series(target, result, step * 1000);
    };
    const all = Promise.all(request.targets.map(one));
    return from(all.then((frames) => ({ data: frames.flat(), state: LoadingState.Done })));
  }

  testDatasource() {
    return Promise.resolve({});
  }
}

/** The record by SQL: what PostgreSQL answered to each query before the page was opened. */
export class SqlRecord extends RuntimeDataSource {
  query(request) {
    const all = fetch('/record.json')
      .then((response) => response.json())
      .then((answers) =>
        request.targets.map(({ refId, rawSql }) =>
          createDataFrame({ refId, fields: answers[rawSql] }),
        ),
      );
    return from(all.then((data) => ({ data, state: LoadingState.Done })));
  }

  testDatasource() {
    return Promise.resolve({});
  }
}
