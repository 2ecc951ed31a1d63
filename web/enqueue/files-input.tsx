/** Files of a payload: each is stored first, and named by the SHA-256 that it got. */

import { useRef, useState } from 'preact/hooks';
import { isObject } from '../../src/contracts/http/json.ts';
import { counted } from '../../src/contracts/words.ts';
import type { ShownFile } from '../show/around.ts';
import { fileDetail, isPicture, Picture } from '../show/files.tsx';
import { errorText } from '../state/errors.ts';
import { client, whyNot } from '../state/session.ts';
import type { Field } from './schema.ts';

interface FilesInputProps {
  readonly id: string;
  readonly field: Extract<Field, { kind: 'files' }>;
  /** The list as JSON. */
  readonly text: string;
  readonly onText: (text: string) => void;
}

interface Listed {
  readonly sha256: string;
  readonly alt?: string;
  readonly fileName?: string;
}

export function FilesInput({ id, field: { says, most }, text, onText }: FilesInputProps) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const [stored, setStored] = useState<ReadonlyMap<string, ShownFile>>(new Map());
  const files = listedIn(text);
  // What is stored meanwhile goes to what is listed then.
  const latest = useRef(files);
  latest.current = files;
  const write = (next: readonly Listed[]) => {
    latest.current = next;
    onText(next.length === 0 ? '' : JSON.stringify(next));
  };
  const add = async (chosen: readonly File[]) => {
    setBusy(true);
    setProblem('');
    try {
      for (const file of chosen) {
        const bytes = new Uint8Array(await file.arrayBuffer());
        const blob = await client.putBlob(bytes, file.type === '' ? undefined : file.type);
        setStored((before) => new Map(before).set(blob.sha256, blob));
        if (latest.current.length >= most) throw new Error(`At most ${counted(most, 'file')}.`);
        write([...latest.current, { sha256: blob.sha256, ...(says === 'fileName' && { fileName: file.name }) }]);
      }
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  };
  const hindrance = whyNot('queue');
  return (
    <>
      {files.length > 0 && (
        <ul class="file-rows">
          {files.map((file, index) => (
            <FileRow
              key={`${index} ${file.sha256}`}
              id={`${id}-${index}`}
              file={file}
              stored={stored.get(file.sha256)}
              says={says}
              change={(changed) => write(files.map((each, at) => (at === index ? changed : each)))}
              remove={() => write(files.filter((_, at) => at !== index))}
            />
          ))}
        </ul>
      )}
      <input
        id={id}
        class="input"
        type="file"
        multiple={most > 1}
        accept={says === 'alt' ? 'image/png,image/jpeg,image/gif,image/webp' : undefined}
        disabled={hindrance !== undefined || isBusy || files.length >= most}
        title={hindrance}
        aria-busy={isBusy}
        onChange={(event) => {
          const chosen = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = '';
          void add(chosen);
        }}
      />
      <small>
        {isBusy ? 'Storing …' : `Up to 20 MB each${Number.isFinite(most) ? `, ${most} at most` : ''}. `}
        {says === 'alt' && !isBusy && 'A picture loses its metadata when it is stored.'}
      </small>
      {problem && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </>
  );
}

interface FileRowProps {
  readonly id: string;
  readonly file: Listed;
  readonly stored: ShownFile | undefined;
  readonly says: 'alt' | 'fileName' | undefined;
  readonly change: (file: Listed) => void;
  readonly remove: () => void;
}

function FileRow({ id, file, stored, says, change, remove }: FileRowProps) {
  const name = file.fileName ?? fileDetail(stored) ?? `${file.sha256.slice(0, 12)}…`;
  return (
    <li>
      {isPicture(stored ?? (says === 'alt' ? file : { ...file, mediaType: '' })) && (
        <span class="thumbnail">
          <Picture file={file} />
        </span>
      )}
      <div class="field">
        {says && (
          <>
            <label for={id}>{says === 'alt' ? 'Text for those who cannot see it' : 'Name of the file'}</label>
            <input
              id={id}
              class="input"
              maxLength={says === 'alt' ? 2_000 : 150}
              value={file[says] ?? ''}
              onInput={(event) => change(withText(file, says, event.currentTarget.value))}
            />
          </>
        )}
        <small class="wrap">{fileDetail(stored) ?? `SHA-256 ${file.sha256.slice(0, 12)}…`}</small>
      </div>
      <button type="button" class="button" data-size="small" aria-label={`Remove ${name}`} onClick={remove}>
        Remove
      </button>
    </li>
  );
}

function withText(file: Listed, says: 'alt' | 'fileName', text: string): Listed {
  if (says === 'alt' && text === '') return { sha256: file.sha256 };
  return { ...file, [says]: text };
}

function listedIn(text: string): readonly Listed[] {
  if (text.trim() === '') return [];
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return [];
    return list.flatMap((item: unknown) => {
      if (!isObject(item) || typeof item.sha256 !== 'string') return [];
      const { sha256, alt, fileName } = item;
      return [
        {
          sha256,
          ...(typeof alt === 'string' && { alt }),
          ...(typeof fileName === 'string' && { fileName }),
        },
      ];
    });
  } catch {
    return [];
  }
}
