"""Reading a whole folder."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from monitor import __version__
from monitor.config import (
    Config,
    ConfigError,
    Cosigner,
    Cosigning,
    Stamping,
    Witnessing,
    load,
)
from monitor.core.model import Confidence, Kind, Policy, Target
from tests.support.certs import root_file

NOTHING = (
    "targets: target: (absente): aucune cible à surveiller: "
    "en décrire une au moins sous [[target]], dans targets/ ou targets/prefectures/"
)


def said(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return str(caught.value).splitlines()


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_a_good_folder_becomes_plain_values(folder: Path) -> None:
    config = load(folder)

    assert ["service", "prefecture-93"] == [target.slug for target in config.targets]
    assert (
        Target(
            slug="prefecture-93",
            name="Seine-Saint-Denis – site de la préfecture",
            url="https://93.etat.fr/",
            kind=Kind.HOME,
            platform="etat",
            department="93",
            city="Bobigny",
            group="prefectures",
            interval_s=600,
            deadline_s=30.0,
            slow_s=10.0,
            source="dépôt public",
            verified=Confidence.YES,
        )
        == config.by_slug["prefecture-93"]
    )
    assert "services" == config.by_slug["service"].group
    assert 10.0 == config.platforms["etat"].spacing_s
    assert (2, 60) == (config.controls.needed, config.controls.interval_s)
    assert ("Un", "Deux", "Trois") == tuple(host.operator for host in config.controls.hosts)


def test_what_is_not_written_has_a_default(folder: Path) -> None:
    config = load(folder)

    assert Policy() == config.policy
    assert 500_000 == config.clock_limit_us
    assert ((), (), ()) == (config.resolvers, config.second_resolvers, config.ntp_servers)
    assert ("contact@association.fr", 500) == (config.mail.sender, config.mail.daily_cap)
    assert 365 == config.retention.daily_copies_days
    assert (False, None) == (config.allow_private, config.extra_ca)


def test_a_platform_stands_between_a_target_and_the_main_file(folder: Path) -> None:
    """The nearest wins, key by key: target, platform, `[policy]` or `[probe]`, default."""
    path = folder / "vigie.toml"
    append(path, "deadline_s = 20\nslow_s = 5\npolicy = { failures = 5, failing_s = 900 }\n")
    append(path, "[policy]\nfailures = 4\nsuccesses = 4\n[probe]\ndeadline_s = 60\n")
    append(
        folder / "targets/national.toml",
        "deadline_s = 40\n[target.policy]\nfailing_s = 300\n",
    )
    (folder / "local.toml").write_text('[[platform]]\nslug = "etat"\npolicy.recheck_s = 90\n')

    config = load(folder)

    own, other = config.by_slug["service"], config.by_slug["prefecture-93"]
    assert own.policy == Policy(failures=5, failing_s=300, successes=4, recheck_s=90)
    assert other.policy == Policy(failures=5, failing_s=900, successes=4, recheck_s=90)
    assert config.policy == Policy(failures=4, successes=4)
    assert [(20.0, 5.0), (40.0, 5.0)] == [(t.deadline_s, t.slow_s) for t in (other, own)]


def test_the_spaces_of_french_typography_may_stand_in_a_text(folder: Path) -> None:
    path = folder / "targets/national.toml"
    path.write_text(path.read_text().replace('"Service"', '"Service\u202f: «\u00a0accueil\u00a0»"'))

    assert "Service\u202f: «\u00a0accueil\u00a0»" == load(folder).by_slug["service"].name


def test_a_target_overrides_what_it_names_and_nothing_else(folder: Path) -> None:
    append(folder / "vigie.toml", "\n[policy]\nfailing_s = 300\n\n[probe]\nslow_s = 5\n")
    append(
        folder / "targets/national.toml",
        "interval_s = 120\ndeadline_s = 20\npolicy = { failures = 5 }\n",
    )

    one, other = load(folder).targets

    assert (120, 20.0, 5.0) == (one.interval_s, one.deadline_s, one.slow_s)
    assert Policy(failures=5, failing_s=300) == one.policy
    assert (600, 30.0, 5.0) == (other.interval_s, other.deadline_s, other.slow_s)
    assert Policy(failing_s=300) == other.policy


def test_every_fault_of_every_file_is_said_at_once_in_the_order_of_the_files(folder: Path) -> None:
    append(folder / "vigie.toml", '\n[clock]\nlimit_ms = "500"\n')
    append(folder / "targets/national.toml", 'slow_s = 0\ncouleur = "bleu"\n')
    append(folder / "targets/prefectures/93.toml", 'markers = [""]\n')
    append(folder / "fingerprints.toml", "inconnue = 1\n")

    lines = said(folder)

    assert [
        "vigie.toml: clock.limit_ms",
        "targets/national.toml: target[1].slow_s",
        "targets/national.toml: target[1].couleur",
        "targets/prefectures/93.toml: target[1].markers[1]",
        "fingerprints.toml: inconnue",
    ] == [": ".join(line.split(": ")[:2]) for line in lines]


def test_a_fault_in_one_target_hides_nothing_in_the_others(folder: Path) -> None:
    """A target that is refused by its own keys, a clash between two that are not."""
    twin = '\n[[target]]\nslug = "%s"\nname = "Autre"\nurl = "https://www.etat.fr/%s"\n'
    rest = 'kind = "home"\nplatform = "etat"\nsource = "dépôt public"\nverified = "%s"\n'
    append(
        folder / "targets/national.toml",
        twin % ("faux", "a") + rest % "sure" + twin % ("service", "b") + rest % "yes",
    )

    lines = said(folder)

    assert ["target[2].verified", "target[3].slug"] == [line.split(": ")[1] for line in lines]


@pytest.mark.parametrize("name", ["vigie.toml", "fingerprints.toml"])
def test_a_missing_file_is_said(name: str, folder: Path) -> None:
    (folder / name).unlink()

    assert [f"{name}: fichier: (absent): fichier introuvable: créer ce fichier"] == said(folder)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    assert [
        "vigie.toml: fichier: (absent): fichier introuvable: créer ce fichier",
        NOTHING,
        "fingerprints.toml: fichier: (absent): fichier introuvable: créer ce fichier",
    ] == said(tmp_path / "nowhere")


def test_a_plan_without_any_target_is_refused(folder: Path) -> None:
    (folder / "targets/national.toml").write_text('group = "services"\ntarget = []\n')
    (folder / "targets/prefectures/93.toml").unlink()

    assert [NOTHING] == said(folder)


def test_a_folder_in_place_of_a_file_is_said(folder: Path) -> None:
    (folder / "vigie.toml").unlink()
    (folder / "vigie.toml").mkdir()

    (said_once,) = said(folder)
    assert said_once == (
        "vigie.toml: fichier: (illisible): fichier illisible: "
        "vérifier que c’est un fichier et que le service a le droit de le lire"
    )


def test_a_file_over_a_million_bytes_is_not_parsed(folder: Path) -> None:
    (folder / "targets/national.toml").write_bytes(b"#" * 1_000_001)

    (said_once,) = said(folder)
    assert said_once == (
        "targets/national.toml: fichier: plus de 1000000 octets: fichier trop gros: "
        "vérifier que c’est le bon fichier, ou le partager en plusieurs"
    )


def laboratory(folder: Path) -> None:
    """Turn the good folder into what the demo and the tests write: private and fast."""
    main = folder / "vigie.toml"
    text = main.read_text().replace("[publisher]", "allow_private = true\n\n[publisher]")
    text = text.replace("spacing_s = 10", "spacing_s = 0.05").replace("600", "1")
    text = text.replace('".etat.fr"', '".etat.fr", "127.0.0.1", "localhost"')
    main.write_text(text.replace("https://www.deux.fr/", "http://127.0.0.1:9/"))
    target = folder / "targets/national.toml"
    target.write_text(target.read_text().replace("https://www.etat.fr/", "http://127.0.0.1:8443/"))
    for path in (target, folder / "targets/prefectures/93.toml"):
        append(path, "deadline_s = 1\nslow_s = 0.5\n")


def test_allow_private_lifts_what_protects_the_outside_world(folder: Path) -> None:
    laboratory(folder)
    append(folder / "vigie.toml", "\n[policy]\nrecheck_s = 1\n")

    config = load(folder)

    assert config.allow_private
    assert "http://127.0.0.1:8443/" == config.by_slug["service"].url
    assert ("etat", "etat") == (config.lane_of("127.0.0.1"), config.lane_of("localhost"))


def test_an_extra_authority_is_found_from_the_folder(folder: Path) -> None:
    laboratory(folder)
    main = folder / "vigie.toml"
    main.write_text(
        main.read_text().replace("[publisher]", 'extra_ca = "essai/ca.pem"\n\n[publisher]')
    )
    (folder / "essai").mkdir()
    (folder / "essai/ca.pem").write_text("")

    assert folder / "essai/ca.pem" == load(folder).extra_ca


def reminders(config: Config) -> list[str]:
    return [text.split(": ")[0] for text in config.reminders]


@pytest.mark.parametrize("nowhere", ["association.example", "example.org", "association.invalid"])
def test_an_identity_that_reaches_nobody_is_none(folder: Path, nowhere: str) -> None:
    assert load(folder).identified
    assert [] == reminders(load(folder))

    main = folder / "vigie.toml"
    main.write_text(main.read_text().replace("association.fr", nowhere))

    config = load(folder)
    assert not config.identified
    assert ["publisher.site", "service.contact"] == reminders(config)


def test_a_robot_that_gives_an_example_address_has_no_identity(folder: Path) -> None:
    """Contact changed, User-Agent forgotten: whoever reads its log still finds nobody."""
    main = folder / "vigie.toml"
    agent = 'user_agent = "Vigie (+https://vigie.example/robot; contact@association.fr)"'
    main.write_text(re.sub("user_agent = .*", agent, main.read_text()))

    assert ["service.user_agent"] == reminders(load(folder))
    assert not load(folder).identified


def test_the_robot_s_name_is_made_of_the_identity(folder: Path) -> None:
    main = folder / "vigie.toml"
    main.write_text(re.sub("user_agent = .*", "", main.read_text()))

    agent = load(folder).user_agent
    assert agent == (
        f"VigieANEF/{__version__} (+https://vigie.association.fr/robot; contact@association.fr)"
    )


LOG_KEY = "vigie.association.org/journal+d9910ef8+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
WITNESS_KEY = "temoin.association.org/w+2c8ca831+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"


def test_nobody_dates_or_cosigns_unless_it_is_written(folder: Path) -> None:
    config = load(folder)

    assert Stamping() == config.stamping
    assert Cosigning() == config.cosigning
    assert Witnessing(name="vigie.association.fr/temoin") == config.witnessing


def test_who_dates_and_cosigns_the_journal_is_read(folder: Path) -> None:
    pem = root_file().read_text()
    (folder / "racine.pem").write_text(pem)
    append(
        folder / "vigie.toml",
        f"""
[stamps]
interval_s = 1800
authority = [
  {{ slug = "une", name = "Une", url = "http://un.fr/q", operator = "Un" }},
  {{ slug = "deux", name = "Deux", url = "http://2.fr/", operator = "Deux", roots = "racine.pem" }},
]

[cosigning]
needed = 1
witness = [{{ key = "{WITNESS_KEY}", url = "https://temoin.association.org/w" }}]

[witness]
name = "vigie.association.fr/autre"
log = [{{ key = "{LOG_KEY}" }}]
""",
    )
    config = load(folder)

    assert 1800 == config.stamping.interval_s
    assert ["", pem] == [authority.roots for authority in config.stamping.authorities]
    wanted = Cosigner(key=WITNESS_KEY, url="https://temoin.association.org/w")
    assert Cosigning(witnesses=(wanted,), needed=1) == config.cosigning
    assert Witnessing(name="vigie.association.fr/autre", logs=(LOG_KEY,)) == config.witnessing


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [((), (), True), (("9.9.9.9",), ("9.9.9.9",), True), ((), ("9.9.9.9",), False)],
)
def test_a_resolver_that_is_alone_is_told(
    folder: Path, first: tuple[str, ...], second: tuple[str, ...], *, told: bool
) -> None:
    config = replace(load(folder), resolvers=first, second_resolvers=second)
    assert bool(config.advice) is told


def test_keys_of_earlier_versions_are_accepted_and_change_nothing(folder: Path) -> None:
    before = load(folder)
    file = folder / "targets" / "prefectures" / "93.toml"
    text = file.read_text().replace('department = "93"', 'department = "93"\nname = "Bobigny"', 1)
    file.write_text(text)
    append(
        file,
        '\n[[target.route]]\nname = "Écran"\nurl = "https://93.etat.fr/#/a"\n'
        'source = "vu"\nverified = "yes"\n',
    )

    after = load(folder)

    assert "name = " in text
    assert after == before
