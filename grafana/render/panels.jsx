// Panels. What Grafana publishes as components is used; what it does not is a stand-in, which
// says so: it draws with the texts and colours of Grafana's `field.display()`, not as Grafana does.
import {
  FieldType,
  PanelPlugin,
  applyNullInsertThreshold,
  dateTimeFormat,
  getDisplayValueAlignmentFactors,
  getFieldDisplayName,
  getFieldDisplayValues,
  identityOverrideProcessor,
  renderTextPanelMarkdown,
} from '@grafana/data';
import { BigValue, TimeSeries, VizRepeater, useTheme2 } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { useEffect, useState } from 'react';

/** What each panel was given to draw, by its title. */
export const drawn = new Map();

function record(props, type, standIn) {
  const cells = props.data.series.flatMap((frame) =>
    frame.fields
      .filter((field) => field.type !== FieldType.time || field.config.unit)
      .filter((field) => !field.config.custom?.hideFrom?.viz)
      .flatMap((field) =>
        [...new Set(field.values)].slice(0, 200).map((value) => {
          const shown = field.display?.(value) ?? {};
          return {
            field: getFieldDisplayName(field, frame, props.data.series),
            unit: field.config.unit ?? '',
            value: String(value),
            text: [shown.prefix, shown.text, shown.suffix].filter(Boolean).join(''),
            color: shown.color ?? '',
            number: field.type === FieldType.number,
            mapped: (field.config.mappings ?? []).some((one) => one.type !== 'special'),
          };
        }),
      ),
  );
  drawn.set(props.title, {
    type,
    standIn,
    state: props.data.state,
    errors: (props.data.errors ?? []).map((error) => String(error.message)),
    frames: props.data.series.length,
    cells,
  });
}

function plugin(type, Component, { custom = {}, standIn = false } = {}) {
  const result = new PanelPlugin((props) => {
    record(props, type, standIn);
    return <Component {...props} />;
  });
  result.useFieldConfig({
    useCustomConfig: (builder) => {
      for (const [path, defaultValue] of Object.entries(custom)) {
        builder.addCustomEditor({
          id: path,
          path,
          name: path,
          defaultValue,
          editor: () => null,
          override: () => null,
          process: identityOverrideProcessor,
          shouldApply: () => true,
        });
      }
    },
  });
  result.meta = { id: type, name: type, type: 'panel', info: {}, module: '', baseUrl: '' };
  return result;
}

function Stat({ data, width, height, options, fieldConfig, replaceVariables, timeZone }) {
  const theme = useTheme2();
  const getValues = () =>
    getFieldDisplayValues({
      fieldConfig,
      reduceOptions: options.reduceOptions,
      replaceVariables,
      theme,
      data: data.series,
      timeZone,
    });
  return (
    <VizRepeater
      getValues={getValues}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      source={data}
      width={width}
      height={height}
      renderCounter={0}
      itemSpacing={8}
      autoGrid
      orientation={options.orientation}
      renderValue={({ value, width: w, height: h, count, alignmentFactors }) => (
        <BigValue
          value={value.display}
          count={count}
          width={w}
          height={h}
          theme={theme}
          alignmentFactors={alignmentFactors}
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={options.justifyMode}
          textMode={options.textMode}
          text={options.text}
          disableWideLayout={!options.wideLayout}
          hasLinks={value.hasLinks}
        />
      )}
    />
  );
}

function Text({ options, replaceVariables }) {
  const html = renderTextPanelMarkdown(replaceVariables(options.content));
  return <div className="markdown-html" dangerouslySetInnerHTML={{ __html: html }} />;
}

function Nothing({ fieldConfig }) {
  return <p>{fieldConfig.defaults.noValue ?? 'No data'}</p>;
}

function Table({ data, width, height, options, fieldConfig, timeRange }) {
  const frame = data.series[0];
  if (!frame || frame.length === 0) {
    return <Nothing fieldConfig={fieldConfig} />;
  }
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      noHeader={!options.showHeader}
      cellHeight={options.cellHeight}
      initialSortBy={options.sortBy}
      sortBy={options.sortBy}
      timeRange={timeRange}
      structureRev={data.structureRev}
      fieldConfig={fieldConfig}
      enableVirtualization={false}
      getActions={() => []}
      disableSanitizeHtml={false}
    />
  );
}

const CURVE = {
  drawStyle: 'line',
  lineInterpolation: 'linear',
  lineWidth: 1,
  fillOpacity: 0,
  gradientMode: 'none',
  showPoints: 'auto',
  pointSize: 5,
  spanNulls: false,
  insertNulls: false,
  stacking: { mode: 'none', group: 'A' },
  axisPlacement: 'auto',
  axisLabel: '',
  axisSoftMin: undefined,
  axisSoftMax: undefined,
  axisColorMode: 'text',
  axisBorderShow: false,
  scaleDistribution: { type: 'linear' },
  axisCenteredZero: false,
  hideFrom: { viz: false, legend: false, tooltip: false },
  thresholdsStyle: { mode: 'off' },
};

function Curves({ data, width, height, options, fieldConfig, timeRange, timeZone }) {
  if (data.series.length === 0) {
    return <Nothing fieldConfig={fieldConfig} />;
  }
  return (
    <TimeSeries
      frames={data.series}
      structureRev={data.structureRev}
      timeRange={timeRange}
      timeZone={timeZone}
      width={width}
      height={height}
      legend={options.legend}
      options={options}
    >
      {() => null}
    </TimeSeries>
  );
}

/** The runs of equal texts of a frame whose first field is the time; null ends a run. */
function runs(frame) {
  const [time, field] = frame.fields;
  const found = [];
  for (let index = 0; index < frame.length; index++) {
    const value = field.values[index];
    if (value == null) {
      found.push(null);
      continue;
    }
    const { text, color } = field.display(value);
    const last = found.at(-1);
    if (last) {
      last.to = time.values[index];
    }
    if (last?.text !== text) {
      found.push({ from: time.values[index], to: time.values[index], text, color });
    }
  }
  return found.filter(Boolean);
}

function StateTimeline({ data, width, height, fieldConfig, timeRange, timeZone }) {
  const theme = useTheme2();
  const rows = data.series.map((frame) => {
    const threshold = fieldConfig.defaults.custom?.insertNulls;
    const [time] = frame.fields;
    const whole = applyNullInsertThreshold({
      frame,
      refFieldName: time.name,
      refFieldPseudoMax: timeRange.to.valueOf(),
      insertThreshold: () => threshold || null,
    });
    return { name: getFieldDisplayName(frame.fields[1], frame, data.series), runs: runs(whole) };
  });
  const [from, to] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const left = 12 + 7 * Math.max(0, ...rows.map(({ name }) => name.length));
  const at = (time) => left + ((Math.max(from, time) - from) / (to - from)) * (width - left);
  const line = (height - 50) / rows.length;
  const states = new Map(rows.flatMap((row) => row.runs.map((run) => [run.text, run.color])));
  const ticks = [0, 1, 2, 3, 4].map((part) => from + ((to - from) * (part + 0.5)) / 5);
  const ink = theme.colors.text.primary;
  return (
    <svg width={width} height={height} fontSize={12} fontFamily={theme.typography.fontFamily}>
      {rows.map((row, index) => (
        <g key={row.name}>
          <text x={left - 8} y={line * (index + 0.5) + 4} textAnchor="end" fill={ink}>
            {row.name}
          </text>
          {row.runs.map((run) => (
            <rect
              key={run.from}
              x={at(run.from)}
              y={line * index + line * 0.05}
              width={Math.max(1, at(run.to) - at(run.from))}
              height={line * 0.9}
              fill={run.color}
            />
          ))}
        </g>
      ))}
      {ticks.map((tick) => (
        <text key={tick} x={at(tick)} y={height - 34} textAnchor="middle" fill={ink}>
          {dateTimeFormat(tick, { timeZone, format: 'HH:mm:ss' })}
        </text>
      ))}
      <foreignObject x={0} y={height - 26} width={width} height={26}>
        {[...states].map(([text, color]) => (
          <span key={text} style={{ marginRight: 16, whiteSpace: 'nowrap' }}>
            <span style={{ color }}>▬</span> {text}
          </span>
        ))}
      </foreignObject>
    </svg>
  );
}

function outline(geometry, project) {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  return polygons
    .flat()
    .map((ring) => `M${ring.map((point) => project(point).join(' ')).join('L')}Z`)
    .join('');
}

function Geomap({ width, height, options }) {
  const [shapes, setShapes] = useState(null);
  const [{ config }] = options.layers;
  useEffect(() => {
    const local = new URL(config.src).pathname;
    fetch(`/vigie${local}`)
      .then((response) => response.json())
      .then(({ features }) => setShapes(features));
  }, [config.src]);
  if (!shapes) {
    return <p>{shapes === null ? '…' : ''}</p>;
  }
  const { lat, lon, zoom } = options.view;
  const scale = (256 * 2 ** zoom) / 360; // pixels a degree of longitude
  const stretch = 1 / Math.cos((lat * Math.PI) / 180);
  const project = ([x, y]) => [
    (width / 2 + (x - lon) * scale).toFixed(1),
    (height / 2 - (y - lat) * scale * stretch).toFixed(1),
  ];
  const style = ({ properties }) =>
    config.rules.find(({ check }) => properties[check.property] === check.value)?.style ??
    config.style;
  return (
    <svg width={width} height={height} data-features={shapes.length}>
      {shapes.map((shape, index) => {
        const { color, opacity, lineWidth } = style(shape);
        return (
          <path
            key={index}
            d={outline(shape.geometry, project)}
            fill={color.fixed}
            fillOpacity={opacity}
            stroke={color.fixed}
            strokeWidth={lineWidth}
          />
        );
      })}
    </svg>
  );
}

const CELLS = {
  align: 'auto',
  cellOptions: { type: 'auto' },
  inspect: false,
  width: undefined,
  minWidth: undefined,
  wrapText: false,
  hideFrom: { viz: false },
};

export const PLUGINS = {
  stat: plugin('stat', Stat),
  text: plugin('text', Text),
  table: plugin('table', Table, { custom: CELLS }),
  timeseries: plugin('timeseries', Curves, { custom: CURVE }),
  'state-timeline': plugin('state-timeline', StateTimeline, {
    custom: { insertNulls: false, spanNulls: false, fillOpacity: 70, lineWidth: 0 },
    standIn: true,
  }),
  geomap: plugin('geomap', Geomap, { standIn: true }),
};
