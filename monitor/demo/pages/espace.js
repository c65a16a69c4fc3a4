"use strict";
// A single-page app as many are: without its interface, it shows nothing and says nothing.
(async () => {
  const answer = await fetch("/espace/api/configuration");
  if (!answer.ok) throw new Error(`configuration : ${answer.status}`);
  const texts = await answer.json();
  const root = document.getElementById("root");
  for (const [tag, text] of [["h1", texts.title], ["p", texts.welcome], ["button", texts.action]]) {
    const element = document.createElement(tag);
    element.textContent = text;
    root.append(element);
  }
})();
