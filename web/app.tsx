/** The frame around every page, and which page it is. */

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { age } from '../src/contracts/words.ts';
import { findPage } from './pages/index.ts';
import { SignInPage } from './pages/sign-in.tsx';
import { Failure, Loading } from './parts/basics.tsx';
import { ConfirmDialog } from './parts/confirm.tsx';
import { ControlBar } from './parts/control-bar.tsx';
import { Brand, Icon } from './parts/icon.tsx';
import { Nav } from './parts/nav.tsx';
import { SideFoot } from './parts/side-foot.tsx';
import { Toasts } from './parts/toasts.tsx';
import { path } from './state/address.ts';
import { stayLive } from './state/live.ts';
import { restoreSession, session } from './state/session.ts';
import { allStopped, followStatus, staleMs, status } from './state/status.ts';

export function App() {
  const current = session.value;
  switch (current.kind) {
    case 'unknown':
      return <Loading what="the dashboard" />;
    case 'away':
      return (
        <main class="sign-in">
          <div class="panel">
            <h1>AOL does not answer</h1>
            <Failure error={current.error} retry={() => void restoreSession()} />
          </div>
        </main>
      );
    case 'out':
      return <SignInPage why={current.why} />;
    case 'in':
      return <Shell />;
  }
}

function Shell() {
  useEffect(() => {
    const ended = new AbortController();
    void stayLive(ended.signal);
    const stopFollowing = followStatus();
    return () => {
      ended.abort();
      stopFollowing();
    };
  }, []);
  return (
    <>
      <a class="skip" href="#page">
        Skip to the page
      </a>
      <div class="shell">
        <Band />
        <aside class="side" aria-label="Frame">
          <a class="brand" href="/">
            <Brand />
            <span>
              AOL
              <small>Autonomy Orchestration Layer</small>
            </span>
          </a>
          <Nav />
          <SideFoot />
        </aside>
        <div class="main">
          <ControlBar />
          <StaleNote />
          <CurrentPage />
        </div>
      </div>
      <Toasts />
      <ConfirmDialog />
    </>
  );
}

function Band() {
  const mode = allStopped.value === 'killed' ? 'STOPPED' : status.value?.mode;
  return <div class="band" data-mode={mode} />;
}

function StaleNote() {
  if (staleMs.value === undefined) return null;
  return (
    <div class="stale-note" role="alert">
      <Icon name="lost" />
      <span>
        No answer from the server. What you see is <b class="number">{age(staleMs.value)}</b> old; the page tries again
        by itself.
      </span>
    </div>
  );
}

function CurrentPage() {
  const page = findPage(path.value);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${page.title} · AOL`;
    scrollTo(0, 0);
    if (!isFirst.current) main.current?.querySelector('h1')?.focus();
    isFirst.current = false;
  }, [page.key]);
  return (
    <main id="page" class="page" ref={main} tabIndex={-1} data-stale={staleMs.value === undefined ? undefined : ''}>
      <Keyed key={page.key}>{page.view()}</Keyed>
    </main>
  );
}

function Keyed({ children }: { readonly children: ComponentChildren }) {
  return <>{children}</>;
}
