import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';

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

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<ConsolePage> {
    const context = await browser.newContext(options);
    const consolePage = new ConsolePage(await context.newPage());
    await consolePage.page.goto(url);
    return consolePage;
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  /** Resolves when the status reads like this. */
  async status(text: string): Promise<void> {
    await this.page.locator('.connection [role=status]').filter({ hasText: text }).waitFor();
  }

  /** Goes to a view, such as `live` or `atomes/note-1`. */
  async goTo(view: string): Promise<void> {
    await this.page.evaluate((to) => (location.hash = `#/${to}`), view);
    const [name] = view.split(/[/?]/);
    await this.page.locator(`nav [aria-current=page][href="#/${name}"]`).waitFor({ state: 'attached' });
  }

  /** The row of an atome in the list. */
  atome(name: string): Locator {
    return this.page.locator('.grid-row', { has: this.page.getByText(name, { exact: true }) });
  }

  async shows(name: string): Promise<void> {
    await this.atome(name).waitFor();
  }

  async hides(name: string): Promise<void> {
    await this.atome(name).waitFor({ state: 'detached' });
  }

  /** Opens an atome beside the list. */
  async select(name: string): Promise<void> {
    await this.atome(name).click();
    await this.page
      .getByRole('complementary', { name: 'Detail' })
      .getByRole('heading', { name, exact: true })
      .waitFor();
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  async fill(label: string, text: string): Promise<void> {
    await this.page.getByRole('textbox', { name: label, exact: true }).fill(text);
  }

  /** Creates one, and closes what opens with it. */
  async create(name: string, data = ''): Promise<void> {
    await this.press('New');
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByLabel('Content, a JSON object').fill(data);
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.waitFor({ state: 'detached' });
    await this.shows(name);
    await this.page.getByRole('link', { name: 'Close detail' }).click();
  }

  /** Presses a button of the open detail, and what it asks then. */
  async act(action: string, fields: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.press(action);
    const dialog = this.page.getByRole('dialog');
    for (const [label, text] of Object.entries(fields)) await dialog.getByLabel(label).fill(text);
    await dialog.getByRole('button', { name: action, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  }
}
