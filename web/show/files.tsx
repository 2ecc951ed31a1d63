/** Files that go out with an effect: pictures as they are seen, others by name and size. */

import { useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { fileAddress, fileSize, type ShownFile } from './around.ts';

export function isPicture({ mediaType }: ShownFile): boolean {
  return mediaType === undefined || mediaType.startsWith('image/');
}

/** Pictures with what they say to those who cannot see them. */
export function Pictures({ files }: { readonly files: readonly ShownFile[] }) {
  if (files.length === 0) return null;
  return (
    <ul class="pictures" aria-label="Pictures">
      {files.map((file) => (
        <li key={file.sha256}>
          <Picture file={file} />
          {file.alt === undefined ? (
            <span class="problem">No text for those who cannot see it</span>
          ) : (
            <span class="quiet wrap">
              <b>Alt text:</b> {file.alt}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

export function Picture({ file: { sha256, alt } }: { readonly file: ShownFile }) {
  const [isGone, setGone] = useState(false);
  if (isGone) {
    return (
      <span class="picture-gone">
        <Icon name="lost" /> This file is not here, or no picture that a browser shows
      </span>
    );
  }
  return <img src={fileAddress(sha256)} alt={alt ?? ''} onError={() => setGone(true)} />;
}

export interface NamedFile {
  readonly sha256: string;
  readonly name: string;
  readonly detail: string | undefined;
}

/** Each leads to exactly the bytes that go out. */
export function FileList({ files, label }: { readonly files: readonly NamedFile[]; readonly label: string }) {
  if (files.length === 0) return null;
  return (
    <ul class="files" aria-label={label}>
      {files.map(({ sha256, name, detail }) => (
        <li key={`${sha256} ${name}`}>
          <a class="wrap" href={fileAddress(sha256)} download={name}>
            {name}
          </a>
          {detail !== undefined && <span class="quiet number"> {detail}</span>}
        </li>
      ))}
    </ul>
  );
}

/** `application/pdf, 83 kB` */
export function fileDetail(file: ShownFile | undefined): string | undefined {
  if (file?.mediaType === undefined || file.byteCount === undefined) return undefined;
  return `${file.mediaType}, ${fileSize(file.byteCount)}`;
}
