import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const ec = { keyType: 'ec', algorithm: 'sha256' } as const;

async function issue(
  name: string,
  usage: 'serverAuth' | 'clientAuth',
  ca: Certificate,
): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    ...ec,
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', [usage]: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: 'localhost' },
        ],
      },
    ],
  });
  return { cert, key };
}

async function authority(name: string): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    ...ec,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert, key };
}

/** An authority, a server at 127.0.0.1, the client `camera`, and a client of an authority that nobody trusts. */
export async function makeCertificates() {
  const ca = await authority('edgeward test authority');
  const [server, camera, forged] = await Promise.all([
    issue('broker', 'serverAuth', ca),
    issue('camera', 'clientAuth', ca),
    authority('stranger').then((stranger) => issue('camera', 'clientAuth', stranger)),
  ]);
  return { ca: ca.cert, server, camera, forged };
}

/** Writes PEM files and returns their paths. */
export async function writeFiles<K extends string>(
  folder: string,
  files: Record<K, string>,
): Promise<Record<K, string>> {
  const paths = { ...files };
  for (const name of Object.keys(files) as K[]) {
    paths[name] = join(folder, `${name}.pem`);
    await writeFile(paths[name], files[name]);
  }
  return paths;
}
