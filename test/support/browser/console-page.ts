import type { Browser, Locator, Page } from 'playwright-core';

/** The page at `/` in a window of its own, as its user sees it. */
export class ConsolePage {
  /** What the browser has complained about: errors of scripts, of the network and of the content policy. */
  readonly errors: string[] = [];
  /** What the page's scripts have logged. */
  readonly logged: string[] = [];

  private constructor(readonly page: Page) {
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
      if (message.type() === 'log') this.logged.push(message.text());
    });
  }

  static async open(browser: Browser, url: string): Promise<ConsolePage> {
    const context = await browser.newContext();
    const consolePage = new ConsolePage(await context.newPage());
    await consolePage.page.goto(url);
    return consolePage;
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  /** Resolves when the status reads like this. */
  async status(text: string): Promise<void> {
    await this.page.getByRole('status').filter({ hasText: text }).waitFor();
  }

  /** The entry of an atome in the list. */
  atome(name: string): Locator {
    return this.page.locator('#atomes li', { has: this.page.getByRole('heading', { name, exact: true }) });
  }

  async shows(name: string): Promise<void> {
    await this.atome(name).waitFor();
  }

  async hides(name: string): Promise<void> {
    await this.atome(name).waitFor({ state: 'detached' });
  }

  /** Resolves when an event with these texts is in the list of events. */
  async tells(...texts: string[]): Promise<void> {
    const events = this.page.locator('#events li');
    await texts
      .reduce((found, hasText) => found.filter({ hasText }), events)
      .first()
      .waitFor();
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  async fill(label: string, text: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(text);
  }

  async create(name: string, content = ''): Promise<void> {
    const form = this.page.getByRole('form', { name: 'Create an atome' });
    await form.getByLabel('Name').fill(name);
    await form.getByLabel('Content').fill(content);
    await this.press('Create');
    await this.shows(name);
  }

  async rename(name: string, newName: string): Promise<void> {
    await this.press(`Rename ${name}`);
    await this.fill('New name', newName);
    await this.page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
    await this.shows(newName);
  }
}
