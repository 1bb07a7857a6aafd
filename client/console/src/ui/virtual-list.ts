import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Which rows of a long list are to be rendered. */
export interface Window {
  readonly first: number;
  readonly count: number;
}

/** Rows above and below what is seen, so that a quick turn of the wheel shows no gap. */
const OVERSCAN = 12;

/** Renders as many rows as are seen of as many as there are. */
export function useWindow(total: number, rowHeight: number) {
  const scroller = useRef<HTMLDivElement>(null);
  const [shown, show] = useState<Window>({ first: 0, count: 60 });
  const look = (): void => {
    const element = scroller.current;
    if (!element) return;
    const seen = Math.ceil(element.clientHeight / rowHeight);
    const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - OVERSCAN);
    show((before) => {
      const count = seen + 2 * OVERSCAN;
      return before.first === first && before.count === count ? before : { first, count };
    });
  };
  useLayoutEffect(look, [total, rowHeight]);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      watcher.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [rowHeight]);
  /** Scrolls so far that a row is seen. @param head height of what covers the top. */
  const reveal = (index: number, head = 0): void => {
    const element = scroller.current;
    if (!element) return;
    const top = index * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight + head > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight + head - element.clientHeight;
    look();
  };
  return { scroller, shown, reveal };
}
