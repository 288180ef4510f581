"""English templates."""

from hybridbatch.data.sources.cldr.templates.base import Templates

CROSS_REFERENCES = (
    " See also the entry “{other}”.",
    " Compare the entry “{other}”.",
)

TEMPLATES = {
    "currency": Templates(
        questions=(
            "Which money is legal tender in “{entity}” today?",
            "What do people pay with in “{entity}”?",
            "In which currency are prices quoted in “{entity}”?",
        ),
        passages=(
            "Shops and banks in “{entity}” do their business in the currency “{value}”.",
            "The legal tender of “{entity}” is called “{value}”.",
            "Anyone who travels to “{entity}” will need the currency “{value}”.",
        ),
    ),
    "currency_since": Templates(
        questions=(
            "Since when has “{entity}” had its present currency?",
            "In what year was the money now used in “{entity}” introduced?",
            "From which year does the current legal tender of “{entity}” date?",
        ),
        passages=(
            "The money in use in “{entity}” today has been valid since {value}.",
            "It was in {value} that “{entity}” adopted its present legal tender.",
            "The currency in force in “{entity}” dates from the year {value}.",
        ),
    ),
    "former_currency": Templates(
        questions=(
            "Which currency did “{entity}” give up for the one it has now?",
            "What did people in “{entity}” pay with before the last change of currency?",
            "What was the earlier legal tender of “{entity}” called?",
        ),
        passages=(
            "Prices in “{entity}” used to be given in “{value}”, which is no longer in use there.",
            "Until it was replaced, “{value}” was the money of “{entity}”.",
            "The currency “{value}” is a thing of the past in “{entity}”.",
        ),
    ),
    "official_language": Templates(
        questions=(
            "What is the official language of “{entity}”?",
            "In which language does the state publish its laws in “{entity}”?",
            "Which language do the authorities of “{entity}” use?",
        ),
        passages=(
            "Public offices in “{entity}” work in the language “{value}”.",
            "The language “{value}” has official status in “{entity}”.",
            "The state language in “{entity}” is “{value}”.",
        ),
    ),
    "spoken_language": Templates(
        questions=(
            "Which language do most people in “{entity}” know?",
            "What is the most widespread language in “{entity}”?",
            "Which language has the most speakers in “{entity}”?",
        ),
        passages=(
            "In “{entity}” more inhabitants know the language “{value}” than any other.",
            "Measured by its share of the population, “{value}” comes first in “{entity}”.",
            "With the language “{value}” one reaches the most people in “{entity}”.",
        ),
    ),
    "first_day": Templates(
        questions=(
            "On which day does the week begin in “{entity}”?",
            "Which day stands first in calendars in “{entity}”?",
            "What counts as the first day of the week in “{entity}”?",
        ),
        passages=(
            "In “{entity}” the week starts on {value}.",
            "Calendars printed in “{entity}” have {value} in the first column.",
            "A new week in “{entity}” begins with {value}.",
        ),
    ),
    "alpha3": Templates(
        questions=(
            "What is the three-letter country code of “{entity}”?",
            "Which ISO 3166 abbreviation of three letters does “{entity}” have?",
            "How is “{entity}” abbreviated to three letters in international lists?",
        ),
        passages=(
            "In the ISO 3166 standard, {value} stands for “{entity}”.",
            "International statistics shorten “{entity}” to the letters {value}.",
            "The abbreviation {value} denotes “{entity}”.",
        ),
    ),
    "local_name": Templates(
        questions=(
            "What do the people who live there call “{entity}”?",
            "What is the name of “{entity}” in the local language?",
            "How do the inhabitants of “{entity}” write the name of their land?",
        ),
        passages=(
            "At home, “{entity}” goes by the name “{value}”.",
            "The inhabitants of “{entity}” write “{value}” on their own maps.",
            "What is “{entity}” abroad is “{value}” to those who live there.",
        ),
    ),
    "time_zone": Templates(
        questions=(
            "Which time zone does “{entity}” lie in?",
            "What standard time do the clocks in “{entity}” show?",
            "By which time do people in “{entity}” set their watches?",
        ),
        passages=(
            "Clocks all over “{entity}” follow the zone “{value}”.",
            "The standard time in force in “{entity}” is called “{value}”.",
            "When it comes to the hour, “{entity}” keeps to “{value}”.",
        ),
    ),
    "city_territory": Templates(
        questions=(
            "In which country or territory is the place “{entity}”?",
            "Where in the world is the place called “{entity}”?",
            "Which country or territory does the place “{entity}” belong to?",
        ),
        passages=(
            "The place “{entity}” is found on the map of “{value}”.",
            "Those who travel to the place “{entity}” arrive in “{value}”.",
            "The place “{entity}” lies within the borders of “{value}”.",
        ),
    ),
    "city_zone": Templates(
        questions=(
            "Which time zone is used in the place “{entity}”?",
            "What is the standard time of the place “{entity}” called?",
            "By which time are clocks set in the place “{entity}”?",
        ),
        passages=(
            "Clocks in the place “{entity}” run on “{value}”.",
            "The place “{entity}” belongs to the zone “{value}”.",
            "Those who arrive in the place “{entity}” set their watches to “{value}”.",
        ),
    ),
    "currency_code": Templates(
        questions=(
            "What is the ISO code of the currency “{entity}”?",
            "Which three letters stand for the currency “{entity}” on exchange boards?",
            "How do banks abbreviate the currency “{entity}”?",
        ),
        passages=(
            "Banks write {value} when they mean the currency “{entity}”.",
            "On the foreign exchange market, “{entity}” is traded under the letters {value}.",
            "The ISO 4217 standard lists “{entity}” as {value}.",
        ),
    ),
    "script": Templates(
        questions=(
            "In which script is the language “{entity}” written?",
            "Which characters do writers of the language “{entity}” use?",
            "What writing system does the language “{entity}” have?",
        ),
        passages=(
            "Texts in the language “{entity}” are usually printed in the script “{value}”.",
            "The usual script of the language “{entity}” is called “{value}”.",
            "Those who learn to write the language “{entity}” learn the script “{value}”.",
        ),
    ),
    "language_territory": Templates(
        questions=(
            "In which country is the language “{entity}” at home?",
            "Where has the language “{entity}” traditionally been spoken?",
            "Which country is the language “{entity}” associated with?",
        ),
        passages=(
            "Besides the main language of the country, “{entity}” has its place in “{value}”.",
            "Speakers of the language “{entity}” are found among the people of “{value}”.",
            "The traditional home of the language “{entity}” is “{value}”.",
        ),
    ),
    "own_name": Templates(
        questions=(
            "What do speakers of the language “{entity}” call it themselves?",
            "What is the language “{entity}” called in its own words?",
            "Under what name is the language “{entity}” known to its own speakers?",
        ),
        passages=(
            "Its own speakers say “{value}” when they mean the language “{entity}”.",
            "The language “{entity}” calls itself “{value}”.",
            "In its own spelling the language “{entity}” is “{value}”.",
        ),
    ),
    "script_territory": Templates(
        questions=(
            "Which country is the script “{entity}” associated with?",
            "Where is or was the script “{entity}” mainly in use?",
            "In what country would one look for texts in the script “{entity}”?",
        ),
        passages=(
            "Texts in the script “{entity}” come mostly from what is now “{value}”.",
            "The script “{entity}” has its home in “{value}”.",
            "Anyone who studies the script “{entity}” should visit “{value}”.",
        ),
    ),
}
