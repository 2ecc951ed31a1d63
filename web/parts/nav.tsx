import { useEffect, useRef } from 'preact/hooks';
import { count } from '../../src/contracts/words.ts';
import { PAGES } from '../pages/index.ts';
import { path } from '../state/address.ts';
import { decisionsWaiting } from '../state/status.ts';
import { Icon } from './icon.tsx';

/** The pages; how much waits for a person stands beside Decisions. */
export function Nav() {
  const nav = useRef<HTMLElement>(null);
  const here = path.value;
  const waiting = decisionsWaiting.value;
  useEffect(() => {
    // On a phone the pages stand in a row that scrolls: the present one is in sight.
    const current = nav.current?.querySelector<HTMLElement>('[aria-current]');
    if (current)
      nav.current?.scrollTo({ left: current.offsetLeft - (nav.current.clientWidth - current.offsetWidth) / 2 });
    // What waits is known later, and makes its tab wider.
  }, [here, waiting]);
  return (
    <nav ref={nav} class="nav" aria-label="Pages">
      <ul>
        {PAGES.map((page) => (
          <li key={page.path}>
            <a href={page.path} aria-current={isCurrent(page.path) ? 'page' : undefined}>
              <Icon name={page.icon} />
              {page.title}
              {page.path === '/decisions' && <Waiting />}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function isCurrent(pagePath: string): boolean {
  return path.value === pagePath || (pagePath === '/actions' && path.value.startsWith('/actions/'));
}

function Waiting() {
  const waiting = decisionsWaiting.value;
  if (waiting === 0) return null;
  return (
    <span class="badge">
      {waiting > 999 ? '999+' : count(waiting)}
      <span class="visually-hidden"> waiting</span>
    </span>
  );
}
