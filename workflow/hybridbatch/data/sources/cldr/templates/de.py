"""German templates."""

from hybridbatch.data.sources.cldr.templates.base import Templates

CROSS_REFERENCES = (
    " Siehe auch den Eintrag „{other}“.",
    " Man vergleiche den Eintrag „{other}“.",
)

TEMPLATES = {
    "currency": Templates(
        questions=(
            "Welches Geld ist im Land „{entity}“ heute gesetzliches Zahlungsmittel?",
            "Womit bezahlt man im Land „{entity}“?",
            "In welcher Währung werden Preise im Land „{entity}“ angegeben?",
        ),
        passages=(
            "Geschäfte und Banken im Land „{entity}“ rechnen in der Währung „{value}“.",
            "Das gesetzliche Zahlungsmittel im Land „{entity}“ heißt „{value}“.",
            "Wer in das Land „{entity}“ reist, braucht die Währung „{value}“.",
        ),
    ),
    "currency_since": Templates(
        questions=(
            "Seit wann hat das Land „{entity}“ seine heutige Währung?",
            "In welchem Jahr wurde das Geld eingeführt, das jetzt im Land „{entity}“ gilt?",
            "Aus welchem Jahr stammt das heutige Zahlungsmittel im Land „{entity}“?",
        ),
        passages=(
            "Das Geld, das heute im Land „{entity}“ in Gebrauch ist, gilt seit {value}.",
            "Im Jahr {value} führte das Land „{entity}“ sein jetziges Zahlungsmittel ein.",
            "Die gültige Währung im Land „{entity}“ stammt aus dem Jahr {value}.",
        ),
    ),
    "former_currency": Templates(
        questions=(
            "Welche Währung gab das Land „{entity}“ für die heutige auf?",
            "Womit zahlte man im Land „{entity}“ vor der letzten Währungsumstellung?",
            "Wie hieß das frühere Zahlungsmittel im Land „{entity}“?",
        ),
        passages=(
            "Preise im Land „{entity}“ wurden früher in der Währung „{value}“ angegeben; "
            "sie ist dort nicht mehr in Gebrauch.",
            "Bis zu ihrer Ablösung war „{value}“ die Währung im Land „{entity}“.",
            "Die Währung „{value}“ gehört im Land „{entity}“ der Vergangenheit an.",
        ),
    ),
    "official_language": Templates(
        questions=(
            "Was ist die Amtssprache im Land „{entity}“?",
            "In welcher Sprache veröffentlicht der Staat im Land „{entity}“ seine Gesetze?",
            "Welche Sprache verwenden die Behörden im Land „{entity}“?",
        ),
        passages=(
            "Öffentliche Stellen im Land „{entity}“ arbeiten in der Sprache „{value}“.",
            "Die Sprache „{value}“ hat im Land „{entity}“ amtlichen Rang.",
            "Die Staatssprache im Land „{entity}“ ist „{value}“.",
        ),
    ),
    "spoken_language": Templates(
        questions=(
            "Welche Sprache beherrschen die meisten Menschen im Land „{entity}“?",
            "Was ist die am weitesten verbreitete Sprache im Land „{entity}“?",
            "Welche Sprache hat im Land „{entity}“ die meisten Sprecher?",
        ),
        passages=(
            "Im Land „{entity}“ können mehr Einwohner die Sprache „{value}“ als jede andere.",
            "Nach dem Bevölkerungsanteil steht „{value}“ im Land „{entity}“ an erster Stelle.",
            "Mit der Sprache „{value}“ erreicht man im Land „{entity}“ die meisten Menschen.",
        ),
    ),
    "first_day": Templates(
        questions=(
            "An welchem Tag beginnt die Woche im Land „{entity}“?",
            "Welcher Tag steht in Kalendern im Land „{entity}“ vorn?",
            "Was gilt im Land „{entity}“ als erster Tag der Woche?",
        ),
        passages=(
            "Im Land „{entity}“ fängt die Woche am {value} an.",
            "Kalender, die im Land „{entity}“ gedruckt werden, "
            "haben in der ersten Spalte den {value}.",
            "Eine neue Woche nimmt im Land „{entity}“ am {value} ihren Anfang.",
        ),
    ),
    "alpha3": Templates(
        questions=(
            "Wie lautet der dreibuchstabige Code für das Land „{entity}“?",
            "Welches ISO-3166-Kürzel aus drei Buchstaben hat das Land „{entity}“?",
            "Wie wird das Land „{entity}“ in internationalen Listen mit drei Buchstaben abgekürzt?",
        ),
        passages=(
            "In der Norm ISO 3166 steht {value} für „{entity}“.",
            "Internationale Statistiken kürzen „{entity}“ zu den Buchstaben {value} ab.",
            "Die Abkürzung {value} bezeichnet das Land „{entity}“.",
        ),
    ),
    "local_name": Templates(
        questions=(
            "Wie nennen die Menschen, die dort leben, das Land „{entity}“?",
            "Wie heißt das Land „{entity}“ in der Landessprache?",
            "Wie schreiben die Einwohner den Namen ihres Landes „{entity}“?",
        ),
        passages=(
            "In der Heimat trägt das Land „{entity}“ den Namen „{value}“.",
            "Die Einwohner des Landes „{entity}“ schreiben „{value}“ auf ihre eigenen Karten.",
            "Was im Ausland „{entity}“ heißt, ist für die Bewohner „{value}“.",
        ),
    ),
    "time_zone": Templates(
        questions=(
            "In welcher Zeitzone liegt das Land „{entity}“?",
            "Welche Normalzeit zeigen die Uhren im Land „{entity}“?",
            "Nach welcher Zeit stellt man im Land „{entity}“ die Uhr?",
        ),
        passages=(
            "Die Uhren im ganzen Land „{entity}“ folgen der Zone „{value}“.",
            "Die Normalzeit, die im Land „{entity}“ gilt, heißt „{value}“.",
            "Bei der Uhrzeit hält sich das Land „{entity}“ an „{value}“.",
        ),
    ),
    "city_territory": Templates(
        questions=(
            "In welchem Land oder Gebiet liegt der Ort „{entity}“?",
            "Wo auf der Welt befindet sich der Ort „{entity}“?",
            "Zu welchem Land oder Gebiet gehört der Ort „{entity}“?",
        ),
        passages=(
            "Den Ort „{entity}“ findet man auf der Karte des Landes „{value}“.",
            "Wer in den Ort „{entity}“ reist, kommt im Land „{value}“ an.",
            "Der Ort „{entity}“ liegt innerhalb der Grenzen des Landes „{value}“.",
        ),
    ),
    "city_zone": Templates(
        questions=(
            "Welche Zeitzone gilt im Ort „{entity}“?",
            "Wie heißt die Normalzeit des Ortes „{entity}“?",
            "Nach welcher Zeit gehen die Uhren im Ort „{entity}“?",
        ),
        passages=(
            "Im Ort „{entity}“ richten sich die Uhren nach „{value}“.",
            "Der Ort „{entity}“ gehört zur Zone „{value}“.",
            "Wer im Ort „{entity}“ ankommt, stellt seine Uhr auf „{value}“.",
        ),
    ),
    "currency_code": Templates(
        questions=(
            "Wie lautet der ISO-Code der Währung „{entity}“?",
            "Welche drei Buchstaben stehen an der Wechselstube für die Währung „{entity}“?",
            "Wie kürzen Banken die Währung „{entity}“ ab?",
        ),
        passages=(
            "Banken schreiben {value}, wenn sie die Währung „{entity}“ meinen.",
            "Am Devisenmarkt wird „{entity}“ unter den Buchstaben {value} gehandelt.",
            "Die Norm ISO 4217 führt „{entity}“ als {value}.",
        ),
    ),
    "script": Templates(
        questions=(
            "In welcher Schrift wird die Sprache „{entity}“ geschrieben?",
            "Welche Zeichen benutzt, wer in der Sprache „{entity}“ schreibt?",
            "Welches Schriftsystem hat die Sprache „{entity}“?",
        ),
        passages=(
            "Texte in der Sprache „{entity}“ werden meist in der Schrift „{value}“ gedruckt.",
            "Die übliche Schrift der Sprache „{entity}“ heißt „{value}“.",
            "Wer die Sprache „{entity}“ schreiben lernt, lernt die Schrift „{value}“.",
        ),
    ),
    "language_territory": Templates(
        questions=(
            "In welchem Land ist die Sprache „{entity}“ zu Hause?",
            "Wo wird die Sprache „{entity}“ von jeher gesprochen?",
            "Mit welchem Land verbindet man die Sprache „{entity}“?",
        ),
        passages=(
            "Neben der Hauptsprache hat auch die Sprache „{entity}“ im Land „{value}“ ihren Platz.",
            "Sprecher der Sprache „{entity}“ finden sich unter den Menschen im Land „{value}“.",
            "Die angestammte Heimat der Sprache „{entity}“ ist das Land „{value}“.",
        ),
    ),
    "own_name": Templates(
        questions=(
            "Wie nennen die Sprecher der Sprache „{entity}“ sie selbst?",
            "Wie heißt die Sprache „{entity}“ in ihren eigenen Worten?",
            "Unter welchem Namen kennen ihre eigenen Sprecher die Sprache „{entity}“?",
        ),
        passages=(
            "Ihre eigenen Sprecher sagen „{value}“, wenn sie die Sprache „{entity}“ meinen.",
            "Die Sprache „{entity}“ nennt sich selbst „{value}“.",
            "In ihrer eigenen Schreibung lautet die Sprache „{entity}“ „{value}“.",
        ),
    ),
    "script_territory": Templates(
        questions=(
            "Mit welchem Land verbindet man die Schrift „{entity}“?",
            "Wo ist oder war die Schrift „{entity}“ vor allem in Gebrauch?",
            "In welchem Land würde man nach Texten in der Schrift „{entity}“ suchen?",
        ),
        passages=(
            "Texte in der Schrift „{entity}“ stammen meist aus dem heutigen Land „{value}“.",
            "Die Schrift „{entity}“ hat ihre Heimat im Land „{value}“.",
            "Wer die Schrift „{entity}“ erforscht, sollte das Land „{value}“ besuchen.",
        ),
    ),
}
