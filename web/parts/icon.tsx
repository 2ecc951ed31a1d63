/** The icons: strokes on a grid of 24. They are decoration; a word always stands beside them. */

const PATHS = {
  autonomy: 'M3 12h4l3-8 4 16 3-8h4',
  actions: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  decisions: 'M9 11.5 11.5 14 16 9M7.9 3h8.2L21 7.9v8.2L16.1 21H7.9L3 16.1V7.9z',
  calendar: 'M4 6h16v14H4zM4 10.5h16M8 3.5v4M16 3.5v4',
  ticks: 'M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
  logs: 'M4 5h16v14H4zM8 9.5l2.5 2.5L8 14.5M12.5 15H16',
  accounts:
    'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c.6-3.6 2.8-5.5 6-5.5s5.4 1.9 6 5.5M16 5a3.5 3.5 0 0 1 0 6.3M18 14.8c1.7.8 2.7 2.5 3 5.2',
  adapters: 'M9 3v5M15 3v5M6 8h12v4a6 6 0 0 1-12 0zM12 18v3',
  settings: 'M4 7h9M19 7h1M4 17h1M11 17h9M16 4.5v5M8 14.5v5',
  enqueue: 'M12 5v14M5 12h14',
  proof: 'M12 3 4.5 6v5.5c0 4.5 3.2 7.8 7.5 9.5 4.3-1.7 7.5-5 7.5-9.5V6zM9 12l2.2 2.2L15.4 10',
  real: 'M12 13.5v7M7.8 15.2a6 6 0 1 1 8.4 0M5 18a10 10 0 1 1 14 0M12 12.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z',
  stop: 'M8.2 3h7.6L21 8.2v7.6L15.8 21H8.2L3 15.8V8.2zM9 9h6v6H9z',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 5v14l11-7z',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  message: 'M4 5h16v11h-9l-4 4v-4H4z',
  check: 'M5 12.5 10 17.5 19.5 7',
  clock: 'M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
  running: 'M12 3a9 9 0 1 1-8.5 6M3 3v6h6',
  retry: 'M20 11a8 8 0 0 0-14.3-4L4 9M4 4v5h5M4 13a8 8 0 0 0 14.3 4l1.7-2M20 20v-5h-5',
  hand: 'M12 12.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM6 20c.7-3.4 3-5 6-5s5.3 1.6 6 5',
  question: 'M9 9.2a3 3 0 1 1 4.4 2.6c-.9.5-1.4 1.1-1.4 2.2M12 17.5h.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
  cross: 'M6 6l12 12M18 6 6 18',
  slash: 'M5.6 5.6l12.8 12.8M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
  warning: 'M12 4 2.8 20h18.4zM12 10v4.5M12 17.3h.01',
  live: 'M12 13a1 1 0 1 0 0-2 1 1 0 0 0 0 2zM8 16a5.6 5.6 0 0 1 0-8M16 8a5.6 5.6 0 0 1 0 8M5 19a9.9 9.9 0 0 1 0-14M19 5a9.9 9.9 0 0 1 0 14',
  lost: 'M3 3l18 18M8 16a5.6 5.6 0 0 1-.6-7M16 8a5.6 5.6 0 0 1 1.2 5M5 19a9.9 9.9 0 0 1-.8-13M19 5a9.9 9.9 0 0 1 1.6 11',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z',
  screen: 'M4 5h16v11H4zM9 20h6M12 16v4',
  exit: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  external: 'M14 5h5v5M19 5l-8 8M17 14v5H5V7h5',
  inbox: 'M4 13 7 5h10l3 8v6H4zM4 13h5l1 2.5h4L15 13h5',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The brand: an octagon, because what matters most here is that it can be stopped. */
export function Brand() {
  return (
    <svg width="30" height="30" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path class="brand-plate" d="M10 2h12l8 8v12l-8 8H10l-8-8V10z" />
      <path class="brand-line" d="M8 22 16 8l8 14" />
      <circle class="brand-dot" cx="16" cy="20.5" r="2.6" />
    </svg>
  );
}
