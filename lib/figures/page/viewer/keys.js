// Keys that work everywhere in the page; a view's own are in the view, and go first.

function isTyping(target) {
  return target.matches('input[type=search], select, textarea') ||
      target.closest('dialog') !== null;
}

function listenToKeys(app) {
  const help = byId('help-dialog');
  const step = (key, by) => app.change({[key]: app.state[key] + by});
  const flip = (key) => app.change({[key]: !app.state[key]});
  const canvasOf = (panel) => panel && panel.map && panel.view.canvas;
  const focusedPanel = () =>
      app.panels.find((panel) => panel.root.contains(document.activeElement)) || app.panels[0];
  const arrows = {
    ArrowLeft: () => app.moveMap(0, -1),
    ArrowRight: () => app.moveMap(0, 1),
    ArrowUp: () => app.moveMap(-1, 0),
    ArrowDown: () => app.moveMap(1, 0),
  };
  const keys = {
    '?': () => help.showModal(),
    '/': () => app.search.input.focus(),
    '1': () => app.change({view: 'matrix'}),
    '2': () => app.change({view: 'lines'}),
    '3': () => app.change({view: 'kernel'}),
    '[': () => step('record', -1),
    ']': () => step('record', 1),
    m: () => app.nextType(),
    l: () => app.change({scale: app.state.scale === 'log' ? 'linear' : 'log'}),
    r: () => flip('commonRange'),
    w: () => flip('words'),
    t: () => app.change({theme: app.state.theme === 'dark' ? 'light' : 'dark'}),
    c: () => exportView(focusedPanel(), 'png', 'copy'),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const isControl = event.target.matches('input');
    const isTile = event.target.matches('.tile');
    let action = keys[event.key];
    if (event.key in arrows && !isControl) action = arrows[event.key];
    if (isTile && event.key === 'Enter') {
      const canvas = canvasOf(focusedPanel());
      if (canvas) action = () => canvas.focus();
    }
    if (event.key === 'Escape' && event.target.closest('.detail')) {
      action = () => focusedPanel().overview.host.querySelector('[tabindex="0"]').focus();
    }
    if (!action) return;
    event.preventDefault();
    action();
  });
}
