import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Workspace } from './workspace.js';

/** What all views work with. */
export const WorkspaceContext = createContext<Workspace | null>(null);

/** @throws Error outside of it: nothing is shown before there is one. */
export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext);
  if (!workspace) throw new Error('there is no workspace yet');
  return workspace;
}
