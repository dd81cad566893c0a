import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { check } from './convict.ts';
import { crossCheck } from './cross-checks.ts';
import { type ConfigDocument, readDocument } from './document.ts';
import { applyOverrides, type Override, readEnvironment } from './environment.ts';
import { isMapping, type Values } from './format.ts';
import { type Fault, formatPath, invalidConfig, type Problem } from './problem.ts';
import { schema } from './schema.ts';
import type { Env } from './secrets.ts';
import type { Config } from './types.ts';

const nothing: ConfigDocument = {
  root: undefined,
  lineOf: () => undefined,
  isSecret: () => false,
  faults: [],
};

/**
 * The configuration of a YAML file with what the environment overrides, checked and frozen. Without a file
 * it is the defaults.
 * @throws CONFIG_INVALID with every problem there is, as `Problem[]` in `details.problems`.
 */
export function loadConfig({ file, env }: { file?: string | undefined; env: Env }): Config {
  const document = file === undefined ? nothing : readDocument(resolve(file), env);
  const { overrides, faults: badVariables } = readEnvironment(schema, env);
  const root = applyOverrides(document.root, overrides);
  const faults: Fault[] = [...document.faults, ...badVariables];
  const folder = file === undefined ? process.cwd() : dirname(resolve(file));
  const config = complete(check(schema, root, [], { folder, faults }), env);
  const isKnown = (fault: Fault) =>
    faults.some(({ path }) => path.every((step, i) => step === fault.path[i]));
  faults.push(...crossCheck(config).filter((fault) => !isKnown(fault)));
  if (faults.length > 0) throw invalidConfig(problemsOf(faults, document, overrides), file);
  return deepFreeze(config);
}

/** What only the machine can tell, or another value. */
function complete(values: Values<typeof schema>, env: Env): Config {
  const id = values.gateway.id ?? machineName();
  const { name, stateDir } = values.gateway;
  // systemd.exec(5): several directories are separated by colons.
  const granted = env.STATE_DIRECTORY?.split(':')[0] || undefined;
  return {
    ...values,
    gateway: { id, name: name ?? id, stateDir: stateDir ?? resolve(granted ?? 'state') },
  };
}

/** The first label of the host's name, as far as a topic may hold it. */
function machineName(): string {
  const [label = ''] = hostname().split('.');
  return label.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 64) || 'gateway';
}

function problemsOf(
  faults: readonly Fault[],
  document: ConfigDocument,
  overrides: readonly Override[],
): Problem[] {
  return faults.map(({ path: at, expected, received, hint }) => {
    const path = formatPath(at);
    const said = overrides.find((override) => formatPath(override.path) === path);
    const origin = said && `set by ${said.variable}`;
    return {
      path,
      expected,
      received: document.isSecret(at) ? 'a secret that is something else' : received,
      hint: [hint, origin].filter((part) => part !== undefined).join('; ') || undefined,
      line: said ? undefined : document.lineOf(at),
    };
  });
}

function deepFreeze<T>(value: T): T {
  if (Array.isArray(value)) value.forEach(deepFreeze);
  else if (isMapping(value)) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
