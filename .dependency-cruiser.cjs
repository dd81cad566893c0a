/**
 * The layers of docs/principles.md as checked rules:
 * cli -> daemon -> {bus, pipelines, models} -> the leaves at the root of src; training -> {models, compiler};
 * models -> compiler; compiler imports no other folder. Siblings never import each other's code.
 */
const leaves = '^src/(config/|[a-z-]+\\.ts$)';

/** One rule a folder: it may import itself, the leaves and what is listed. */
const layer = (folder, ...allowed) => ({
  name: `${folder}-imports`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [`^src/${folder}/`, leaves, ...allowed.map((other) => `^src/${other}/`)] },
});

/** One home a library, so that it can be replaced in one place. */
const home = (library, path) => ({
  name: `home-of-${library}`,
  severity: 'error',
  from: { path: '^src/', pathNot: path },
  to: { path: `^node_modules/${library}/` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    layer('bus'),
    layer('compiler'),
    layer('models', 'compiler'),
    layer('daemon', 'bus', 'pipelines', 'models'),
    layer('testing', 'pipelines', 'models'),
    layer('training', 'models', 'compiler'),
    layer('cli', 'daemon', 'bus', 'pipelines', 'models', 'training', 'compiler'),
    {
      name: 'pipelines-know-only-the-type-model',
      severity: 'error',
      from: { path: '^src/pipelines/' },
      to: {
        path: '^src/',
        pathNot: ['^src/pipelines/', leaves],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'leaves-import-only-leaves',
      severity: 'error',
      from: { path: leaves, pathNot: '^src/index\\.ts$' },
      to: { path: '^src/', pathNot: leaves, dependencyTypesNot: ['type-only'] },
    },
    home('onnxruntime-node', '^src/compiler/runtime\\.ts$'),
    home('@tensorflow', '^src/(training/|models/child/tfjs/|tensorflow\\.ts$)'),
    home('sharp', '^src/models/child/picture\\.ts$'),
    home('mqtt', '^src/bus/(external|link)\\.ts$'),
    home('aedes', '^src/bus/broker\\.ts$'),
    home('tuf-js', '^src/models/update/trusted-set\\.ts$'),
    home('@tufjs/models', '^src/training/release/sign\\.ts$'),
    home('convict', '^src/config/convict\\.ts$'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
