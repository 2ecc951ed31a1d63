/** Always there: is it safe, and where is the stop. */

import { counted } from '../../src/contracts/words.ts';
import { CONTROL_WORDS, press, pressOrThrow } from '../state/control.ts';
import { allStopped, status, statusError, totals } from '../state/status.ts';
import { ActButton } from './act-button.tsx';
import { ModeTag } from './basics.tsx';
import { ask } from './confirm.tsx';
import { Icon } from './icon.tsx';

export function ControlBar() {
  return (
    <header class="bar">
      <ModeNow />
      <div class="bar-acts">
        <Controls lane="*" name="all lanes" />
      </div>
    </header>
  );
}

function ModeNow() {
  const current = status.value;
  if (!current) {
    const words = statusError.value === undefined ? 'Reading the status …' : 'The status cannot be read.';
    return <span class="bar-why">{words}</span>;
  }
  const stopped = allStopped.value;
  return (
    <>
      {stopped === 'killed' ? (
        <span class="mode" data-mode="STOPPED" data-size="large">
          <Icon name="stop" />
          KILLED
        </span>
      ) : (
        <ModeTag mode={current.mode} large />
      )}
      <span class="bar-why">
        {stopped === 'killed' && 'Nothing is sent and nothing starts until Start. '}
        {stopped === 'paused' && <b>Paused. </b>}
        {stopped !== 'killed' && current.mode === 'PROOF' && 'Nothing leaves this machine: '}
        {stopped !== 'killed' && current.mode === 'REAL' && 'Actions are sent: '}
        {stopped !== 'killed' && current.why}
      </span>
    </>
  );
}

/** The two buttons that make sense now for a lane, or for all (`*`). Stopping needs one press; going on is asked. */
export function Controls({ lane, name, small = false }: { lane: string; name: string; small?: boolean }) {
  const lanes = status.value?.lanes ?? [];
  const those = lane === '*' ? lanes : lanes.filter((one) => one.lane === lane);
  const isKilled = those.length > 0 && those.every(({ flags }) => flags.killed === true);
  const isPaused = those.length > 0 && those.every(({ flags }) => flags.paused === true);
  const size = small ? 'small' : undefined;
  return (
    <>
      {isPaused ? (
        <ActButton
          icon="play"
          label={`Resume ${name}`}
          title={CONTROL_WORDS.resume.effect}
          size={size}
          act={() => goOn('resume', lane, name)}
        >
          Resume
        </ActButton>
      ) : (
        <ActButton
          needs="stop"
          icon="pause"
          label={`Pause ${name}`}
          title={CONTROL_WORDS.pause.effect}
          size={size}
          act={() => press('pause', lane)}
        >
          Pause
        </ActButton>
      )}
      {isKilled ? (
        <ActButton
          icon="play"
          kind="primary"
          label={`Start ${name}`}
          title={CONTROL_WORDS.start.effect}
          size={size}
          act={() => goOn('start', lane, name)}
        >
          Start
        </ActButton>
      ) : (
        <ActButton
          needs="stop"
          icon="stop"
          kind={small ? 'danger' : 'stop'}
          label={`Kill ${name}`}
          title={CONTROL_WORDS.kill.effect}
          size={size}
          act={() => press('kill', lane)}
        >
          {small ? 'Kill' : 'KILL'}
        </ActButton>
      )}
    </>
  );
}

function goOn(verb: 'resume' | 'start', lane: string, name: string): void {
  const { PENDING = 0, RETRY = 0 } = totals.value;
  const waiting = PENDING + RETRY;
  const isReal = (status.value?.lanes ?? []).some((one) => (lane === '*' || one.lane === lane) && one.mode === 'REAL');
  ask({
    title: `${CONTROL_WORDS[verb].word} ${name}?`,
    effect: (
      <>
        <p>{CONTROL_WORDS[verb].effect}</p>
        {lane === '*' && <p>{counted(waiting, 'action')} in the queue now.</p>}
        {isReal ? (
          <p class="row">
            <ModeTag mode="REAL" /> What is due and was queued for REAL will be sent.
          </p>
        ) : (
          <p class="row">
            <ModeTag mode="PROOF" /> Nothing will be sent.
          </p>
        )}
      </>
    ),
    verb: CONTROL_WORDS[verb].word,
    asksReason: true,
    act: (reason) => pressOrThrow(verb, lane, reason),
  });
}
