"""`local.toml` over the shipped files: what is in force, what is said of it, and where."""

import subprocess
from pathlib import Path

import pytest

from monitor.config import load
from tests.support.local_settings import put, refusal

IDENTITY = """
[publisher]
association = "Les Amis"
site = "https://vigie.amis.fr/"
[service]
contact = "vigie@amis.fr"
"""


def test_without_it_nothing_changes(folder: Path) -> None:
    assert load(folder).local == ()


def test_three_values_make_an_identity_and_leave_the_shipped_files_alone(shipped: Path) -> None:
    before = {path: path.read_bytes() for path in shipped.rglob("*.toml")}
    config = load(put(shipped, IDENTITY))

    assert config.identified
    assert "+https://vigie.amis.fr/robot; vigie@amis.fr" in config.user_agent
    assert [one.key for one in config.local] == [
        "publisher.association",
        "publisher.site",
        "service.contact",
    ]
    assert all(path.read_bytes() == data for path, data in before.items())


def test_a_value_says_what_it_replaces(shipped: Path) -> None:
    config = load(put(shipped, "[probe]\nslow_s = 8\n[journal]\npublic_ip = ['192.0.2.1']\n"))

    assert {str(one) for one in config.local} == {
        "probe.slow_s = 8 (livré : 10)",
        'journal.public_ip = ["192.0.2.1"]',
    }
    assert {target.slow_s for target in config.targets} >= {8}


def test_the_same_value_as_shipped_is_no_setting(shipped: Path) -> None:
    assert load(put(shipped, "[probe]\nslow_s = 10\n")).local == ()


def test_entries_of_a_list_are_merged_by_slug_and_new_ones_added(shipped: Path) -> None:
    before = load(shipped)
    config = load(
        put(
            shipped,
            """
[[platform]]
slug = "ofii"
spacing_s = 20
[[platform]]
slug = "notre"
name = "Notre site"
spacing_s = 10
hosts = ["www.amis.fr"]
[[controls.host]]
slug = "afnic"
url = "https://www.afnic.fr/"
""",
        )
    )

    assert config.platforms["ofii"].spacing_s == 20
    assert config.platforms["ofii"].hosts == before.platforms["ofii"].hosts
    assert config.platforms.keys() == before.platforms.keys() | {"notre"}
    urls = {host.slug: host.url for host in config.controls.hosts}
    assert urls["afnic"] == "https://www.afnic.fr/"
    assert len(urls) == len(before.controls.hosts)


def test_a_target_is_changed_disabled_or_added(shipped: Path) -> None:
    before = load(shipped)
    slow, out = before.targets[0].slug, before.targets[1].slug
    config = load(
        put(
            shipped,
            f"""
[[target]]
slug = "{slow}"
interval_s = 7200
policy = {{ failures = 5 }}
[[target]]
slug = "{out}"
enabled = false
[[target]]
slug = "ofii-actualites"
name = "Actualités"
url = "https://www.ofii.fr/actualites/"
kind = "page"
platform = "ofii"
interval_s = 3600
source = "notre demande"
verified = "no"
""",
        )
    )

    assert config.by_slug[slow].interval_s == 7200
    assert config.by_slug[slow].policy.failures == 5
    assert config.by_slug[slow].url == before.by_slug[slow].url
    assert config.by_slug.keys() == before.by_slug.keys() - {out} | {"ofii-actualites"}
    said = "\n".join(map(str, config.local))
    assert f'target[2].enabled = "{out}", non relevée' in said
    assert "target[1].interval_s = 7200" in said
    assert 'target[3] = "https://www.ofii.fr/actualites/"' in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[probe]\nslow_s = 0", "local.toml: probe.slow_s: 0: nombre trop petit: plus de 0"),
        ("[prob]\nslow_s = 8", "local.toml: prob: "),
        ("[service]\ncontact = 'x'", 'local.toml: service.contact: "x": adresse de courriel'),
        ("service = 3", "local.toml: service: 3: une table est attendue"),
        ("[[platform]]\nslug = 'ofii'\nspacing_s = 0.1", "local.toml: platform[1].spacing_s: 0.1"),
        ("[[platform]]\nslug = 'a'", "local.toml: platform[1].name: (absente): clé obligatoire"),
        ("[[platform]]\nname = 'a'", "local.toml: platform[1].slug: (absente): clé obligatoire"),
        ("platform = [3]", "local.toml: platform[1]: 3: une table est attendue"),
        ("[controls]\nneeded = 9", "local.toml: controls.needed: 9: plus de témoins exigés"),
        ("[probe\n", "local.toml: ligne 1, colonne 7"),
        ("target = 3", "local.toml: target: 3: une liste est attendue"),
        ("target = [3]", "local.toml: target[1]: 3: une table est attendue"),
        ("[[target]]\nslug = 'x'\nenabled = 1", "local.toml: target[1].enabled: 1: true ou false"),
        (
            "[[target]]\nslug = 'x'\nenabled = false",
            'local.toml: target[1].slug: "x": aucune cible livrée n’a cet identifiant',
        ),
        (
            "[[target]]\nslug = 'service'\ninterval_s = 1",
            "local.toml: target[1].interval_s: 1: cadence trop rapide",
        ),
        (
            "[[target]]\nslug = 'service'\nintervale_s = 90",
            "local.toml: target[1].intervale_s: 90: clé inconnue",
        ),
        (
            "[[target]]\nslug = 'neuf'\nurl = 'https://www.etat.fr/neuf'",
            "local.toml: target[1].name: (absente): clé obligatoire",
        ),
    ],
)
def test_a_fault_is_named_where_it_is_written(folder: Path, text: str, says: str) -> None:
    lines = refusal(put(folder, text))
    assert any(line.startswith(says) for line in lines), lines
    assert not any(line.startswith(("vigie.toml", "targets/")) for line in lines), lines


def test_a_list_deep_in_a_target_is_named_by_its_own_place(folder: Path) -> None:
    """The second added target's fault is told of the second entry that was written."""
    first = (
        '[[target]]\nslug="a"\nname="A"\nurl="https://www.etat.fr/a"\nkind="page"\n'
        'platform="etat"\ninterval_s=3600\nsource="s"\nverified="no"\nmarkers=[{}]\n'
    )
    second = first.replace('"a"', '"b"').replace("/a", "/b")
    lines = refusal(put(folder, first.format('"x"') + second.format('"x", 4')))
    assert lines == [
        "local.toml: target[2].markers[2]: 4: un texte est attendu: l’écrire entre guillemets"
    ]


def test_all_targets_disabled_is_said(folder: Path) -> None:
    slugs = list(load(folder).by_slug)
    entries = "".join(f'[[target]]\nslug = "{slug}"\nenabled = false\n' for slug in slugs)
    (line,) = refusal(put(folder, entries))
    assert line.startswith("local.toml: target: ")


def test_equal_values_have_one_digest_wherever_they_are_written(folder: Path) -> None:
    main, line = folder / "vigie.toml", "limit_ms = 400"
    whole = main.read_text()
    shipped = load(folder).sha256
    main.write_text(f"{whole}\n[clock]\n{line}\n")
    written = load(folder).sha256
    main.write_text(whole)
    assert load(put(folder, f"[clock]\n{line}\n")).sha256 == written != shipped


def test_deep_tables_are_refused_and_not_followed(folder: Path) -> None:
    keys = ".".join("a" * 400)
    assert refusal(put(folder, f"{keys} = 1\nservice.{keys} = 1\n"))


def test_it_is_never_tracked() -> None:
    """`git pull` after a setting was changed must not stop at it."""
    root = Path(__file__).parents[2]
    ignored = subprocess.run(["git", "check-ignore", "config/local.toml"], cwd=root, check=False)
    assert ignored.returncode == 0


def test_the_documented_example_is_good(shipped: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/reglages.md").read_text()
    config = load(put(shipped, text.partition("```toml\n")[2].partition("```")[0]))
    assert config.identified
    assert "prefecture-69" not in config.by_slug
    assert config.by_slug["prefecture-13"].interval_s == 3600
    assert "ofii-actualites" in config.by_slug
