import type { Range } from '../calibrate.ts';
import { consumers, type Graph, type Node } from '../graph.ts';
import type { Parameters } from '../quantization.ts';
import type { Groups } from './groups.ts';
import { endOf, meanings } from './meanings.ts';
import { type Role, roleOf } from './roles.ts';

export interface PlanOptions {
  /** Float inputs that are to take bytes, and what a byte of each means. */
  readonly inputs: Readonly<Record<string, Parameters>>;
  /** As `calibrate` found them. What has no range stays float, and so does what would read it as bytes. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** Nodes, by their first output, that are to stay in float. */
  readonly float?: ReadonlySet<string>;
}

/** Which nodes of a graph run on bytes, and what the bytes between them mean. */
export interface Plan {
  readonly graph: Graph;
  /** Of each node that runs on bytes how. */
  readonly roles: ReadonlyMap<Node, Role>;
  /** Of a node that computes bytes the clamp after it, which is done by where the bytes end. */
  readonly clamps: ReadonlyMap<Node, Node>;
  /** Values that are made as bytes. */
  readonly bytes: ReadonlySet<string>;
  readonly groups: Groups;
  /** Of each node that stays in float why. */
  readonly left: ReadonlyMap<Node, string>;
}

/** The part of a plan that is found first. */
export type Choice = Omit<Plan, 'groups'>;

/**
 * Every node that can runs on bytes, but for those that would read floats and give floats: a detour over
 * bytes costs time and accuracy and gains nothing. One that is dropped may leave others without bytes around
 * them, hence the repetition.
 */
export function planQuantization(graph: Graph, options: PlanOptions): Plan {
  const roles = new Map<Node, Role>();
  const left = new Map<Node, string>();
  for (const node of graph.nodes) {
    const role = roleOf(node, graph.initializers);
    if (role.kind === 'none') left.set(node, role.why);
    else if (options.float?.has(node.outputs[0] ?? '')) left.set(node, 'was chosen to stay in float');
    else roles.set(node, role);
  }
  for (;;) {
    const round = considered(graph, options, roles);
    if (round.dropped.size === 0) {
      const choice = { graph, roles, left, ...round };
      return { ...choice, groups: meanings(choice, options) };
    }
    for (const [node, why] of round.dropped) {
      roles.delete(node);
      left.set(node, why);
    }
  }
}

/** Where bytes are if all of `roles` run on them, and the first nodes that then should not. */
function considered(graph: Graph, options: PlanOptions, roles: ReadonlyMap<Node, Role>) {
  const known = (value: string) =>
    value in options.inputs || options.ranges.has(value) || graph.initializers.has(value);
  const wanted = wantedBytes(graph, roles);
  const bytes = new Set(Object.keys(options.inputs));
  const clamps = clampsAfter(graph, roles);
  const absorbed = new Set<Node>();
  const dropped = new Map<Node, string>();
  for (const node of graph.nodes) {
    const role = roles.get(node);
    if (role === undefined || absorbed.has(node)) continue;
    const clamp = clamps.get(node);
    const end = endOf(node, clamps);
    const why = reasonForFloat(node, role, end, { bytes, wanted, known });
    if (why !== undefined) dropped.set(node, why);
    const givesBytes = role.kind !== 'weighted' || node.op === 'Conv' || (wanted.has(end) && known(end));
    if (why !== undefined || !givesBytes) clamps.delete(node);
    else {
      if (clamp) absorbed.add(clamp);
      for (const output of isPassive(role) ? node.outputs : [end]) bytes.add(output);
    }
  }
  return { clamps, bytes, dropped };
}

/** Of nodes that compute bytes the clamp that alone reads them. */
function clampsAfter(graph: Graph, roles: ReadonlyMap<Node, Role>): Map<Node, Node> {
  const readers = consumers(graph);
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const clamps = new Map<Node, Node>();
  for (const [node, role] of roles) {
    const [output = ''] = node.outputs;
    const [reader, ...others] = readers.get(output) ?? [];
    if (isPassive(role) || outputs.has(output) || others.length > 0) continue;
    if (reader && roles.get(reader)?.kind === 'clamp') clamps.set(node, reader);
  }
  return clamps;
}

/** Values that some node computes with as bytes, at once or after others have carried them. */
function wantedBytes(graph: Graph, roles: ReadonlyMap<Node, Role>): Set<string> {
  const wanted = new Set<string>();
  for (const node of graph.nodes.toReversed()) {
    const role = roles.get(node);
    if (role === undefined) continue;
    if (isPassive(role) && !node.outputs.some((output) => wanted.has(output))) continue;
    const onlyFirst = role.kind === 'weighted' || role.kind === 'carrier' || role.kind === 'clamp';
    for (const input of onlyFirst ? node.inputs.slice(0, 1) : node.inputs) wanted.add(input);
  }
  return wanted;
}

/** They cost no accuracy, so that they run on bytes whoever reads them. */
function isPassive({ kind }: Role): boolean {
  return kind === 'carrier' || kind === 'clamp' || kind === 'rescale';
}

interface Known {
  readonly bytes: ReadonlySet<string>;
  readonly wanted: ReadonlySet<string>;
  readonly known: (value: string) => boolean;
}

function reasonForFloat(node: Node, role: Role, end: string, values: Known): string | undefined {
  const { bytes, wanted, known } = values;
  const usable = (value: string) => bytes.has(value) || known(value);
  if (role.kind === 'weighted') {
    if (!usable(node.inputs[0] ?? '')) return 'reads a value of unknown range';
    return node.op === 'Conv' && !known(end) ? 'gives a value of unknown range' : undefined;
  }
  if (isPassive(role)) return node.inputs.some((input) => bytes.has(input)) ? undefined : 'reads floats';
  if (!node.inputs.every(usable)) return 'reads a value of unknown range';
  if (!known(end)) return 'gives a value of unknown range';
  if (!node.inputs.some((input) => bytes.has(input))) return 'reads floats';
  return wanted.has(end) ? undefined : 'is read as floats';
}
