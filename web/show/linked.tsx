/** What is a link on the platform stands out, and leads nowhere. */
export function Linked({ text, marks }: { readonly text: string; readonly marks: RegExp }) {
  const parts = text.split(marks);
  return <>{parts.map((part, index) => (index % 2 === 1 ? <span class="as-link">{part}</span> : part))}</>;
}
