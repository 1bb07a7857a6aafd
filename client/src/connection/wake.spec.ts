import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { onWake } from './wake.js';

const page = globalThis as unknown as Record<string, unknown>;

/** A page of which only events and visibility are there. */
function openPage(): { window: EventTarget; document: EventTarget & { visibilityState: string } } {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  page.document = document;
  page.addEventListener = window.addEventListener.bind(window);
  return { window, document };
}

afterEach(() => {
  delete page.document;
  delete page.addEventListener;
});

describe('onWake', () => {
  it('hears the network come and go, the return from the page cache and the return of the user', () => {
    const { window, document } = openPage();
    const run = jest.fn();
    const lost = jest.fn();
    const off = onWake(run, lost);

    window.dispatchEvent(new Event('online'));
    window.dispatchEvent(new Event('pageshow'));
    document.dispatchEvent(new Event('visibilitychange'));
    expect(run).toHaveBeenCalledTimes(3);

    window.dispatchEvent(new Event('offline'));
    expect(lost).toHaveBeenCalledTimes(1);

    document.visibilityState = 'hidden';
    document.dispatchEvent(new Event('visibilitychange'));
    expect(run).toHaveBeenCalledTimes(3);

    off();
    window.dispatchEvent(new Event('online'));
    expect(run).toHaveBeenCalledTimes(3);
  });

  it('does nothing where there is no page', () => {
    const nothing = (): void => undefined;
    const off = onWake(nothing, nothing);
    expect(off).not.toThrow();
  });
});
