import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Button } from './button.js';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** `side` for what belongs to what is behind it. */
  readonly kind?: 'small' | 'large' | 'palette';
}

/** A dialog in front of everything; Escape and a click beside it close it. */
export function Dialog({ title, onClose, children, kind = 'small' }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    element.current?.showModal();
    // the first field, and not the button that closes
    element.current?.querySelector<HTMLElement>('[autofocus], form input, form select')?.focus();
  }, []);
  return (
    <dialog
      ref={element}
      class={`dialog ${kind}`}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => event.target === element.current && element.current?.close()}
    >
      <div class="dialog-body">
        <header class={kind === 'palette' ? 'unseen' : 'dialog-head'}>
          <h2 id={id}>{title}</h2>
          <Button icon="close" label="Close" isBare onClick={() => element.current?.close()} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

interface AskProps {
  readonly title: string;
  readonly action: string;
  readonly tone?: 'main' | 'danger';
  /** Does it; what it throws is shown, and the dialog stays with all that was typed. */
  readonly onDo: (form: FormData) => unknown;
  readonly onClose: () => void;
  readonly children?: ComponentChildren;
}

/** A dialog that asks for something, or whether to go on. */
export function Ask({ title, action, tone = 'main', onDo, onClose, children }: AskProps) {
  const [fault, setFault] = useState('');
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      await onDo(new FormData(event.currentTarget as HTMLFormElement));
      onClose();
    } catch (error) {
      setFault((error as Error).message);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" onSubmit={(event) => void submit(event)}>
        {children}
        {fault && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <footer class="dialog-foot">
          <Button label="Cancel" onClick={onClose} />
          <Button label={action} tone={tone} type="submit" />
        </footer>
      </form>
    </Dialog>
  );
}
