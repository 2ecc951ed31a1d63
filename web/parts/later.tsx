/** A page whose code is read when it is opened: few are, and the first paint waits for none of it. */

import { type ComponentType, h } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useResource } from '../state/resource.ts';
import { Failure, Loading } from './basics.tsx';

export function later<Props extends object = object>(
  title: string,
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  return (props) => {
    // Who came by keyboard has the focus on the heading, which is another one once the page is there.
    const hadFocus = useRef(false);
    const { data, error, reload } = useResource(`page ${title}`, async () => ({ view: await load() }), {
      isLive: false,
    });
    useLayoutEffect(() => {
      if (data && hadFocus.current) document.querySelector<HTMLElement>('#page h1')?.focus();
    }, [data]);
    if (data) return h(data.view, props);
    return (
      <>
        <FirstHeading
          title={title}
          onGone={(isFocused) => {
            hadFocus.current = isFocused;
          }}
        />
        <section class="panel">
          {error === undefined ? <Loading what="the page" /> : <Failure error={error} retry={reload} />}
        </section>
      </>
    );
  };
}

function FirstHeading({ title, onGone }: { readonly title: string; readonly onGone: (isFocused: boolean) => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    const element = heading.current;
    return () => onGone(element !== null && document.activeElement === element);
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {title}
    </h1>
  );
}
