#!/usr/bin/env node
/**
 * `npm run pin-images`: writes the digests of today behind the tags in Dockerfile and docker-compose.yml (`postgres:18@sha256:…`),
 * or, with `--check`, ends with 1 when an image has none. The digests are those that a container engine on this machine gets
 * from its registry, so it needs one (docker with buildx).
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { root } from './ensure.mjs';
import { imagesIn, withDigests } from './images.mjs';

const FILES = ['Dockerfile', 'docker-compose.yml'];
const texts = FILES.map((name) => [name, readFileSync(join(root, name), 'utf8')]);
const images = [...new Set(texts.flatMap(([, text]) => imagesIn(text)))];

if (process.argv[2] === '--check') {
  const loose = images.filter((image) => !image.includes('@sha256:'));
  for (const image of loose) process.stderr.write(`${image} has no digest: npm run pin-images\n`);
  process.exitCode = Number(loose.length > 0);
} else {
  const digests = new Map(images.map((image) => [image, digestOf(image.split('@', 1)[0])]));
  for (const [name, text] of texts) writeFileSync(join(root, name), withDigests(text, digests));
}

/** Of the list of all platforms, so that the same line holds on each. */
function digestOf(image) {
  const format = ['buildx', 'imagetools', 'inspect', image, '--format', '{{.Manifest.Digest}}'];
  const digest = execFileSync('docker', format, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  if (!/^sha256:[0-9a-f]{64}$/u.test(digest)) throw new Error(`${image}: the registry gave no digest: ${digest}`);
  process.stdout.write(`${image}@${digest}\n`);
  return digest;
}
