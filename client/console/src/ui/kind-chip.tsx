/** A kind, with a colour of its own beside its name. */
export function KindChip({ kind }: { readonly kind: string }) {
  return (
    <span class="chip">
      <i class="dot" style={{ '--hue': String(hueOf(kind)) }} />
      {kind}
    </span>
  );
}

function hueOf(text: string): number {
  let hash = 7;
  for (const char of text) hash = (hash * 31 + char.charCodeAt(0)) % 3_600;
  return (hash * 47) % 360;
}
