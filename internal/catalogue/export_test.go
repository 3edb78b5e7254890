package catalogue

// Pause is how long Run waits after trouble.
var Pause = pause
