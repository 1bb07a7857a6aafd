import { memoryStore } from '../../client/src/storage/memory/memory-store.js';
import { storeSuite } from './store.suite.js';

storeSuite({
  name: 'memory',
  durable: false,
  make: () => {
    const store = memoryStore();
    return Promise.resolve({ open: () => store, drop: () => Promise.resolve() });
  },
});
