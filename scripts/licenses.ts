/**
 * `npm run licenses`: the licences of all that is installed with edgeward, on any system, by the bill of materials that
 * comes on stdin. Exits 1 where one of them is not allowed.
 */
import { json } from 'node:stream/consumers';
import spdxSatisfies from 'spdx-satisfies';

/** Those that let edgeward be used, changed and sold under Apache-2.0. */
const permissive = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
];
/** Their terms stay with their own files, which edgeward uses as they are and which anybody may replace. */
const fileBound: Readonly<Record<string, readonly string[]>> = {
  'LGPL-3.0-or-later': ['@img/sharp-'],
  'EPL-2.0': ['sparkplug-payload'],
};

interface Component {
  readonly name: string;
  readonly version: string;
  readonly licenses?: readonly {
    readonly license?: { readonly id?: string; readonly name?: string };
    readonly expression?: string;
  }[];
}

const { components } = (await json(process.stdin)) as { components: readonly Component[] };
const byLicence = new Map<string, Component[]>();
for (const component of components) {
  const licence = licenceOf(component);
  byLicence.set(licence, [...(byLicence.get(licence) ?? []), component]);
}

for (const [licence, packages] of [...byLicence].sort(([, a], [, b]) => b.length - a.length)) {
  process.stdout.write(`${String(packages.length).padStart(4)}  ${licence}\n`);
  if (!permissive.includes(licence)) process.stdout.write(`      ${packages.map(nameOf).join(', ')}\n`);
}
const refused = components.filter((component) => !isAllowed(component));
for (const component of refused) {
  process.stderr.write(`Not allowed: ${nameOf(component)} (${licenceOf(component)})\n`);
}
process.exitCode = refused.length > 0 ? 1 : 0;

function isAllowed(component: Component): boolean {
  const exceptions = Object.entries(fileBound)
    .filter(([, names]) => names.some((name) => component.name.startsWith(name)))
    .map(([licence]) => licence);
  try {
    return spdxSatisfies(licenceOf(component), [...permissive, ...exceptions]);
  } catch {
    // No SPDX expression, `SEE LICENSE IN …` or none at all: for people to look at.
    return false;
  }
}

function licenceOf({ licenses = [] }: Component): string {
  const terms = licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name);
  return terms.join(' AND ') || 'none';
}

function nameOf({ name, version }: Component): string {
  return `${name} ${version}`;
}
