import { memoryStore } from '../../client/src/store/memory.js';
import { storeSuite } from './store.suite.js';

storeSuite({
  name: 'memory',
  durable: false,
  make: () => {
    const store = memoryStore();
    return Promise.resolve({ open: () => store, drop: () => Promise.resolve() });
  },
});
