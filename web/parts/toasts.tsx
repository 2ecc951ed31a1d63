import { dismiss, toasts } from '../state/toasts.ts';
import { Icon } from './icon.tsx';

/** Announced to screen readers as they come. */
export function Toasts() {
  return (
    <div class="toasts" role="log" aria-live="polite" aria-label="Results">
      {toasts.value.map((toast) => (
        <div key={toast.id} class="toast" data-tone={toast.tone}>
          <Icon name={toast.tone === 'good' ? 'check' : 'warning'} />
          <div>{toast.text}</div>
          <button
            type="button"
            class="button"
            data-kind="plain"
            data-size="small"
            aria-label="Dismiss"
            onClick={() => dismiss(toast.id)}
          >
            <Icon name="cross" />
          </button>
        </div>
      ))}
    </div>
  );
}
