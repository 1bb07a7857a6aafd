import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import type { Atome } from '@atome-sync/server';
import { IsInt, IsString, Min } from 'class-validator';
import { OrdersService } from './orders.service.js';

class OrderDto {
  @IsString()
  article!: string;

  @IsInt()
  @Min(1)
  count!: number;
}

@Controller('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  place(@Body() { article, count }: OrderDto): Promise<Atome> {
    return this.orders.place(article, count);
  }

  @Post(':id/ship')
  @HttpCode(200)
  ship(@Param('id') id: string): Promise<Atome> {
    return this.orders.ship(id);
  }
}
