import { createShop } from './app.js';

const shop = await createShop();
await shop.listen(3000, '127.0.0.1');
