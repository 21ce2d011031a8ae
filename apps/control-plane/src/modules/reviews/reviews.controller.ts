import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Identity, ReviewId } from '@sallyport/core';
import { Caller, Id, type Page, Requires } from '../../platform/index.js';
import { ReviewDetailView, ReviewPageView, ReviewsQuery, ReviewView, VerdictBody } from './reviews.dto.js';
import { VerdictsService } from './verdicts.service.js';

@ApiTags('reviews')
@Controller('v1/reviews')
export class ReviewsController {
  constructor(private readonly verdicts: VerdictsService) {}

  @Get()
  @Requires('review.read')
  @ApiOperation({ summary: 'reviews that you asked for, and those that your groups are asked for' })
  @ApiOkResponse({ type: ReviewPageView })
  list(@Caller() caller: Identity, @Query() query: ReviewsQuery): Promise<Page<ReviewView>> {
    return this.verdicts.list(caller, query);
  }

  @Get(':id')
  @Requires('review.read')
  @ApiOperation({ summary: 'one review, with what would be run and the prompt behind it' })
  @ApiOkResponse({ type: ReviewDetailView })
  find(@Caller() caller: Identity, @Param('id', Id) id: ReviewId): Promise<ReviewDetailView> {
    return this.verdicts.find(caller, id);
  }

  @Post(':id/verdict')
  @HttpCode(200)
  @Requires('review.settle')
  @ApiOperation({ summary: 'approve or reject, with a reason' })
  @ApiOkResponse({ type: ReviewView })
  settle(@Caller() by: Identity, @Param('id', Id) id: ReviewId, @Body() body: VerdictBody): Promise<ReviewView> {
    return this.verdicts.settle(by, id, body);
  }
}
