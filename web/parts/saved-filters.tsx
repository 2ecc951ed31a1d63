/** The filters of a page that have a name, and giving those of now one. */

import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { addressOf, path, query } from '../state/address.ts';
import { forgetFilter, type SavedFilter, savedFilters, saveFilter } from '../state/saved-filters.ts';
import { filtersOf, hasFilters } from './filters.tsx';
import { Icon } from './icon.tsx';

export function SavedFilters({ names }: { readonly names: readonly string[] }) {
  const here = path.value;
  const search = new URL(addressOf(here, filtersOf(names)), location.origin).search;
  const saved = savedFilters.value.filter((one) => one.path === here);
  const isSaved = saved.some((one) => one.search === search);
  if (saved.length === 0 && !hasFilters(names)) return null;
  return (
    <div class="row saved-filters">
      {saved.length > 0 && (
        <ul class="row" aria-label="Saved filters">
          {saved.map((one) => (
            <Saved key={one.name} saved={one} isCurrent={one.search === search && query.value.size > 0} />
          ))}
        </ul>
      )}
      {hasFilters(names) && !isSaved && <SaveThese path={here} search={search} />}
    </div>
  );
}

function Saved({ saved, isCurrent }: { readonly saved: SavedFilter; readonly isCurrent: boolean }) {
  return (
    <li class="saved" data-current={isCurrent || undefined}>
      <a href={saved.path + saved.search} aria-current={isCurrent ? 'true' : undefined}>
        {saved.name}
      </a>
      <button
        type="button"
        class="button"
        data-kind="plain"
        data-size="small"
        aria-label={`Forget the filters ${saved.name}`}
        title="Forget it"
        onClick={() => forgetFilter(saved)}
      >
        <Icon name="cross" />
      </button>
    </li>
  );
}

interface SaveProps {
  readonly path: string;
  readonly search: string;
}

function SaveThese({ path: here, search }: SaveProps) {
  const [isNaming, setNaming] = useState(false);
  if (isNaming) return <NameForm path={here} search={search} onDone={() => setNaming(false)} />;
  return (
    <button type="button" class="button" data-kind="plain" data-size="small" onClick={() => setNaming(true)}>
      Save these filters
    </button>
  );
}

function NameForm({ path: here, search, onDone }: SaveProps & { readonly onDone: () => void }) {
  const id = useId();
  const [name, setName] = useState('');
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const save = (event: Event) => {
    event.preventDefault();
    if (name.trim() === '') return;
    saveFilter({ name: name.trim(), path: here, search });
    onDone();
  };
  return (
    <form class="row" onSubmit={save} aria-label="Save these filters">
      <label for={id}>Name</label>
      <input
        id={id}
        ref={input}
        class="input short"
        maxLength={60}
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" class="button" data-size="small">
        Save
      </button>
    </form>
  );
}
