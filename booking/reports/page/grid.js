// The grid comes with the exploration.
function showGrid() {}
