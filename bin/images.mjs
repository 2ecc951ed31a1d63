/** The public images that a Dockerfile or a compose file names. */

/** Stages of the build itself (`FROM build`) and our own image have no colon, and are none. */
const IMAGE = /(?<=^FROM |^\s+image: )([a-z0-9./-]+:[\w.-]+(?:@sha256:[0-9a-f]{64})?)/gmu;

/** @param {string} text */
export function imagesIn(text) {
  return [...text.matchAll(IMAGE)].map(([image]) => image);
}

/**
 * @param {string} text
 * @param {ReadonlyMap<string, string>} digests by what stands in the text
 */
export function withDigests(text, digests) {
  return text.replaceAll(IMAGE, (image) => {
    const digest = digests.get(image);
    return digest === undefined ? image : `${image.split('@', 1)[0]}@${digest}`;
  });
}
