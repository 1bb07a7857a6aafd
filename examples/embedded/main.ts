import { createShop } from './app.js';

const shop = await createShop(process.env.DATABASE_URL ?? 'sqlite:./shop.sqlite');
await shop.listen(3000, '127.0.0.1');
