/** What of a receipt becomes a link. */

import { expect, test } from '@jest/globals';
import { publishedAt } from '../../web/show/published.ts';

test('an https address is one, the permalink before the url; the host is told as it is looked up', () => {
  expect(publishedAt({ url: 'https://bsky.app/profile/a/post/b' })?.host).toBe('bsky.app');
  expect(publishedAt({ permalink: 'https://x.com/i/1', url: 'https://api.x.com/1' })?.href).toBe('https://x.com/i/1');
  expect(publishedAt({ url: 'https://exаmple.com/' })?.host).toBe('xn--exmple-4nf.com');
});

test.each([
  ['javascript:alert(1)'],
  ['JavaScript:alert(1)'],
  ['data:text/html,<script>alert(1)</script>'],
  ['http://example.com/'],
  ['//example.com/'],
  ['https://brand.example@evil.example/'],
  ['https://user:word@example.com/'],
  ['not an address'],
  [''],
  [null],
  [42],
  [{ href: 'https://example.com/' }],
])('%p is none', (url) => {
  expect(publishedAt({ url, permalink: url })).toBeUndefined();
});
