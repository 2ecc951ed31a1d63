import { areKeysOn, turnKeys } from './keys.ts';

/** Which keys there are, below the list. */
export function KeysHelp({ keys }: { readonly keys: readonly (readonly [key: string, does: string])[] }) {
  const isOn = areKeysOn.value;
  return (
    <p class="keys-help">
      {isOn ? (
        keys.map(([key, does]) => (
          <span key={key}>
            <kbd>{key}</kbd> {does}
          </span>
        ))
      ) : (
        <span>Keys are off.</span>
      )}
      <button type="button" class="button" data-kind="plain" data-size="small" onClick={() => turnKeys(!isOn)}>
        {isOn ? 'Turn keys off' : 'Turn keys on'}
      </button>
    </p>
  );
}
