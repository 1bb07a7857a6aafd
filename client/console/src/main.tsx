import { render } from 'preact';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/views.css';
import { App } from './app.js';
import { showTheme } from './ui/theme.js';

showTheme();
render(<App />, document.getElementById('console')!);
