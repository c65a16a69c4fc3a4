// Draw one dashboard with Grafana's own front end: /?dashboard=NAME&theme=light&from=…&to=…
import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import {
  EventBusSrv,
  LoadingState,
  booleanOverrideProcessor,
  createTheme,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  numberOverrideProcessor,
  setTimeZoneResolver,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { config, setAppEvents, setPluginImportUtils, setRunRequest } from '@grafana/runtime';
import {
  ConstantVariable,
  CustomVariable,
  EmbeddedScene,
  SceneDataTransformer,
  SceneGridItem,
  SceneGridLayout,
  SceneQueryRunner,
  SceneTimeRange,
  SceneVariableSet,
  VariableValueSelectors,
  VizPanel,
  sceneUtils,
} from '@grafana/scenes';
import { GlobalStyles, PortalContainer, ThemeContext } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { MemoryRouter } from 'react-router-dom';
import { map } from 'rxjs/operators';
import { Prometheus, SqlRecord, labelValues } from './datasource.js';
import { PLUGINS, drawn } from './panels.jsx';

const asked = new URLSearchParams(window.location.search);
const faults = [];
window.addEventListener('error', ({ message }) => faults.push(message));
window.addEventListener('unhandledrejection', ({ reason }) => faults.push(String(reason)));

function setUp() {
  const option = (id, process, settings = {}) => ({
    id,
    path: id,
    name: id,
    process,
    settings,
    editor: () => null,
    override: () => null,
    shouldApply: () => true,
  });
  // Without these, units and colours of a dashboard are silently not applied.
  standardFieldConfigEditorRegistry.setInit(() => [
    option('unit', unitOverrideProcessor),
    option('min', numberOverrideProcessor),
    option('max', numberOverrideProcessor),
    option('decimals', numberOverrideProcessor),
    option('displayName', displayNameOverrideProcessor, { expandTemplateVars: true }),
    option('color', identityOverrideProcessor),
    option('thresholds', thresholdsOverrideProcessor),
    option('mappings', valueMappingsOverrideProcessor),
    option('noValue', stringOverrideProcessor),
    option('links', dataLinksOverrideProcessor),
    option('filterable', booleanOverrideProcessor),
  ]);
  const known = new Map(Object.values(standardTransformers).map((one) => [one.id, one]));
  standardTransformersRegistry.setInit(() =>
    [...known.values()].map((one) => ({
      id: one.id,
      name: one.name,
      aliasIds: one.aliasIds,
      transformation: () => Promise.resolve(one),
    })),
  );
  setAppEvents(new EventBusSrv());
  setTimeZoneResolver(() => 'Europe/Paris');
  setPluginImportUtils({
    importPanelPlugin: (id) =>
      id in PLUGINS ? Promise.resolve(PLUGINS[id]) : Promise.reject(new Error(`no panel ${id}`)),
    getPanelPluginFromCache: (id) => PLUGINS[id],
  });
  sceneUtils.registerRuntimeDataSource({ dataSource: new Prometheus('prometheus', 'demo') });
  sceneUtils.registerRuntimeDataSource({ dataSource: new SqlRecord('postgresql', 'record') });
  setRunRequest((source, request) =>
    source
      .query(request)
      .pipe(
        map((result) => ({
          series: result.data,
          state: LoadingState.Done,
          timeRange: request.range,
          request,
        })),
      ),
  );
  config.theme2 = createTheme({ colors: { mode: asked.get('theme') ?? 'light' } });
}

async function variable(model) {
  const common = { name: model.name, label: model.label, hide: model.hide };
  if (model.type === 'constant' || model.type === 'datasource') {
    const value = model.type === 'constant' ? model.query : 'demo';
    return new ConstantVariable({ ...common, hide: 2, value });
  }
  const values = model.type === 'query' ? await labelValues(model.query) : model.query.split(',');
  const value = asked.get(`var-${model.name}`) ?? model.current?.value ?? values[0];
  return new CustomVariable({
    ...common,
    query: values.join(','),
    isMulti: model.multi,
    includeAll: model.includeAll,
    allValue: model.allValue,
    value,
    text: asked.has(`var-${model.name}`) ? value : (model.current?.text ?? value),
  });
}

function panel(model) {
  let $data;
  if (model.targets?.length) {
    const queries = model.targets.map((target) => ({ ...target, datasource: undefined }));
    const uid = 'rawSql' in queries[0] ? 'record' : 'demo';
    $data = new SceneQueryRunner({ datasource: { uid }, queries });
    if (model.transformations?.length) {
      $data = new SceneDataTransformer({ $data, transformations: model.transformations });
    }
  }
  const { x, y, w: width, h: height } = model.gridPos;
  const body = new VizPanel({
    pluginId: model.type,
    title: model.title,
    description: model.description,
    options: model.options,
    fieldConfig: model.fieldConfig ?? { defaults: {}, overrides: [] },
    $data,
  });
  return new SceneGridItem({ x, y, width, height, body });
}

async function draw() {
  setUp();
  const dashboard = await (await fetch(`/dashboards/${asked.get('dashboard')}.json`)).json();
  const range = {
    from: asked.get('from') ?? dashboard.time.from,
    to: asked.get('to') ?? dashboard.time.to,
    timeZone: dashboard.timezone,
  };
  const scene = new EmbeddedScene({
    $timeRange: new SceneTimeRange(range),
    $variables: new SceneVariableSet({
      variables: await Promise.all(dashboard.templating.list.map(variable)),
    }),
    controls: [new VariableValueSelectors({})],
    body: new SceneGridLayout({ children: dashboard.panels.map(panel) }),
  });
  scene.activate();
  document.body.style.background = config.theme2.colors.background.canvas;
  createRoot(document.getElementById('root')).render(
    <MemoryRouter>
      <ThemeContext.Provider value={config.theme2}>
        <GlobalStyles />
        <h1 style={{ font: '500 18px Inter', padding: '12px 16px', color: config.theme2.colors.text.primary }}>
          {dashboard.title}
        </h1>
        <scene.Component model={scene} />
        <PortalContainer />
      </ThemeContext.Provider>
    </MemoryRouter>,
  );
  /** What was drawn: read by render.mjs. `done` once every panel has its data. */
  window.report = () => {
    const panels = dashboard.panels.map((model) => {
      const found = document.querySelector(
        `[data-testid="data-testid Panel header ${model.title}"]`,
      );
      return {
        title: model.title,
        type: model.type,
        ...drawn.get(model.title),
        text: found?.innerText ?? '',
        hidden: found ? hidden(found) : [],
      };
    });
    return {
      done: panels.every(({ type, state }) => type === 'text' || state === LoadingState.Done),
      faults,
      panels,
    };
  };
}

/** The columns of a table that are seen only by scrolling. */
function hidden(element) {
  const edge = element.getBoundingClientRect().right;
  return [...element.querySelectorAll('[role=columnheader]')]
    .filter((head) => head.getBoundingClientRect().right > edge + 1)
    .map((head) => head.innerText);
}

window.report = () => ({ done: false, faults, panels: [] });
draw().catch((error) => faults.push(String(error?.stack ?? error)));
