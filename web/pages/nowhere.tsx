import { Empty, PageHead } from '../parts/basics.tsx';

export function NowherePage() {
  return (
    <>
      <PageHead title="Nothing here" />
      <section class="panel">
        <Empty title="There is no page at this address" icon="question">
          <a href="/">Go to the start page</a>
        </Empty>
      </section>
    </>
  );
}
