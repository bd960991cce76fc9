// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension FleetPage {
    /// What stays the same whatever the fleet does.
    static let markup = #"""
        <a class="skip" href="#destinations">Skip to destinations</a>
        <header>
          <h1>snapferry</h1>
          <p id="queue"></p>
          <p id="worker" hidden></p>
          <p id="state" role="status"><span id="lamp" aria-hidden="true"></span><span id="said">Looking…</span></p>
          <button id="pause" type="button" aria-pressed="false">Pause</button>
        </header>
        <main>
          <section id="problems" aria-labelledby="problems-title" hidden>
            <h2 id="problems-title">What could not be looked at</h2>
            <ul></ul>
          </section>
          <section id="tiles" aria-label="At a glance"></section>
          <section id="points" aria-labelledby="points-title">
            <h2 id="points-title">Recovery points <small>the database that is worst off, against the route's RPO</small></h2>
            <ul></ul>
            <p class="none" hidden>No copies yet, or nothing known of them.</p>
          </section>
          <section id="destinations" aria-labelledby="destinations-title" tabindex="-1">
            <h2 id="destinations-title">Destinations <small>a cell for each slot, filling up as its copy does</small></h2>
            <p class="legend" aria-hidden="true">
              <span class="cell ours"></span> this fleet's copy <span class="cell others"></span> somebody else's
              <span class="cell held"></span> held <span class="cell"></span> free
            </p>
            <div class="pools"></div>
            <p class="none" hidden>Nothing known of any destination yet.</p>
          </section>
          <section id="letters" aria-labelledby="letters-title">
            <h2 id="letters-title">Dead letters <small>by reason; <code>snapferry dlq list</code> tells what to do</small></h2>
            <ul></ul>
            <p class="none" hidden>None.</p>
          </section>
        </main>
        <noscript><p>This page needs its script; "snapferry status" shows the same in a terminal.</p></noscript>
        """#
}
