const STEERING = /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu;

/**
 * Text from outside, made safe to show: what would steer a terminal (C0 but line ends and tabs, DEL, C1) or turn the direction
 * of a text stands there as `\u001b`. Inside JSON it is still the same JSON.
 */
export function printable(text: string): string {
  return text.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
